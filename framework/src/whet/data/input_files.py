"""Paths that a user wrote: where they lead, and whether a file that can be read is there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from whet.data.errors import InputError, suggestion
from whet.data.refusals import unreadable


def located(text: str, folder: Path) -> Path:
    """The path that a word names, relative to `folder`; `~` is a home folder. InputError where it can be none."""
    if "\0" in text:
        raise InputError("a path has no NUL character", where=text)
    try:
        return folder / Path(text).expanduser()
    except RuntimeError:
        raise InputError("there is no such home folder", where=text) from None


def full_path(path: Path) -> Path:
    """The absolute path without links; one whose links lead in a circle as it is."""
    return Path(os.path.realpath(path))


def is_there(path: Path) -> bool:
    """Whether a file is there, of whatever kind but a folder: a pipe and a device are somebody's mistake to be told."""
    try:
        return path.exists() and not path.is_dir()
    except (OSError, ValueError):  # a name too long, or of a folder that is closed to this user
        return False


def regular_file(path: Path, what: str = "file") -> Path:
    """The path itself. InputError where no regular file that this user can read is there.

    A pipe that nobody writes to would be waited for, and a device read for ever. StoreError where the system refuses
    to say.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise InputError(f"there is no such {what}", where=str(path), hint=_nearest(path)) from None
    except OSError as error:
        raise unreadable(path, error) from error
    if stat.S_ISDIR(mode):
        raise InputError(f"this is a folder, not a {what}", where=str(path))
    if not stat.S_ISREG(mode):
        raise InputError("this is a pipe or a device", where=str(path), hint=f"Save it as a {what} first")
    if not os.access(path, os.R_OK):
        raise InputError("there is no permission to read it", where=str(path), hint="Check the file's permissions")
    return path


def _nearest(path: Path) -> str:
    """The file of that folder whose name is nearest, as a hint; empty where none is near."""
    try:
        return suggestion(path.name, [near.name for near in path.parent.iterdir()])
    except (OSError, ValueError):
        return ""
