"""Trees of files that are copied whole: each file is on the disk before it has its name, and is compared by content."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from whet.data.durable import replacing
from whet.data.errors import StoreError
from whet.data.identity import fresh_digest
from whet.data.partials import ANY


def files_in(root: Path) -> list[Path]:
    """Every file and link below a folder, relative to it; not the partial files of writers."""
    return sorted(_below(root, Path()))


def _below(root: Path, inner: Path) -> Iterator[Path]:
    with os.scandir(root / inner) as entries:
        for entry in entries:
            path = inner / entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _below(root, path)
            elif not ANY.fullmatch(entry.name):
                yield path


def looks_copied(source: Path, target: Path) -> bool:
    """Whether kind, size and time of modification are the same."""
    if source.is_symlink() or target.is_symlink():
        return is_copied(source, target)
    try:
        one, other = source.stat(), target.stat()
    except FileNotFoundError:
        return False
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def is_copied(source: Path, target: Path) -> bool:
    """Whether the content is the same, or where a link leads; both are read now."""
    if source.is_symlink():
        return target.is_symlink() and source.readlink() == target.readlink()
    return target.is_file() and not target.is_symlink() and fresh_digest(source) == fresh_digest(target)


def copy_file(source: Path, target: Path) -> None:
    """Copies a file with its time and its permissions, or a link; all or nothing. StoreError where it cannot."""
    if source.is_symlink():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.symlink_to(source.readlink())
        return
    if not source.is_file():
        hint = "Move it away; it is none of Whet's"
        raise StoreError("a pipe or a device is in the store", where=str(source), hint=hint)
    with replacing(target) as partial:
        shutil.copyfile(source, partial)
        about = source.stat()
    # The name is durable by now; what is not copied again after a kill is known by its time, which comes last.
    target.chmod(about.st_mode & 0o777)
    os.utime(target, ns=(about.st_atime_ns, about.st_mtime_ns))
