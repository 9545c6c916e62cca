"""Partial files: what a writer has before the whole is there. One whose writer is dead is removed, of the living none.

A writer holds a lock on its partial file for as long as it lives; that of a dead one is free.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ANY = re.compile(r"\..*-[a-z0-9_]{8}\.partial(\.[^.]*)?", re.DOTALL)


def new_partial(path: Path) -> tuple[int, Path]:
    """A new partial file for `path`, beside it, and the descriptor that holds it: close it when all is written.

    Raises OSError.
    """
    import tempfile

    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=f".partial{path.suffix}")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:  # a disk without locks: there, nobody can tell that a writer is dead, and nothing is removed
            return handle, Path(name)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)  # another writer took it for a dead one's before it was held


def remove_dead(path: Path) -> None:
    """Removes the partial files of `path` that dead writers left. What cannot be removed stays."""
    own = re.compile(rf"\.{re.escape(path.stem)}-[a-z0-9_]{{8}}\.partial{re.escape(path.suffix)}")
    _sweep(path.parent, own)


def remove_all_dead(folder: Path) -> None:
    """Removes every partial file in a folder, and in those below it, that a dead writer left."""
    for inner, _, _ in os.walk(folder):
        _sweep(Path(inner), ANY)


def dead_partials(folder: Path) -> Iterator[Path]:
    """Every partial file in a folder, and in those below it, that a dead writer left. It stays where it is."""
    for inner, _, _ in os.walk(folder):
        yield from _dead(Path(inner), ANY)


def _sweep(folder: Path, names: re.Pattern[str]) -> None:
    for partial in _dead(folder, names):
        with suppress(OSError):  # it is gone already
            partial.unlink()


def _dead(folder: Path, names: re.Pattern[str]) -> Iterator[Path]:
    """Partial files of dead writers, each held by this process until the next is asked for."""
    try:
        with os.scandir(folder) as entries:
            found = [Path(entry.path) for entry in entries if names.fullmatch(entry.name)]
    except OSError:
        return
    for partial in found:
        try:
            handle = os.open(partial, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # its writer lives, or the disk has no locks
            os.close(handle)
            continue
        try:
            yield partial
        finally:
            os.close(handle)
