"""Writing that is all or nothing: a reader sees the old content or the new, also after a crash."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from whet.data.errors import StoreError
from whet.data.identity import JSON
from whet.data.partials import new_partial, remove_dead
from whet.data.refusals import unreadable, unwritable

__all__ = ["locked", "read_json", "replacing", "sync_folder", "unwritable", "write_json", "write_text"]


@contextmanager
def replacing(
    path: Path, *, check: Callable[[Path], object] = lambda partial: None, durably: bool = True
) -> Iterator[Path]:
    """Yields a fresh partial file beside `path`; on leaving without a fault it takes the name `path`.

    durably: it is on the disk then; otherwise a power cut may leave it empty, or as it was. check: called with the
    partial file when all is in it; what it raises keeps the file that is there. Partial files of this one whose writers
    are dead are removed. StoreError where the disk is full, the folder cannot be written, or something else than a file
    has the name; the partial file is gone then.
    """
    handle, partial = -1, None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            # A folder; or a device or pipe, which root could replace.
            what = "a folder" if path.is_dir() else "no regular file"
            raise StoreError(f"cannot be written: this is {what}", where=str(path), hint="Choose another name")
        remove_dead(path)
        handle, partial = new_partial(path)
        yield partial
        if durably:
            with partial.open("rb") as written:
                os.fsync(written.fileno())
        check(partial)
        partial.chmod(0o644)
        partial.replace(path)
        if durably:
            sync_folder(path.parent)
    except OSError as error:
        if isinstance(error, StoreError) or error.errno is None:
            raise
        raise unwritable(path, error) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
            os.close(handle)


def write_text(path: Path, text: str, *, durably: bool = True) -> None:
    """Replaces the file's content, all or nothing (see `replacing`). Raises StoreError."""
    with replacing(path, durably=durably) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: JSON, *, durably: bool = True) -> None:
    """Writes readable JSON, all or nothing (see `replacing`). Raises StoreError."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", durably=durably)


def read_json(path: Path, *, hint: str = "Remove the file and run again") -> JSON:
    """The JSON in a file. Raises StoreError, naming the file, where it is damaged (with the hint) or unreadable."""
    try:
        if path.exists() and not path.is_file():
            raise StoreError("this is no regular file", where=str(path), hint="Move it away, and run again")
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise StoreError(f"not readable as JSON ({error})", where=str(path), hint=hint) from error
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise unreadable(path, error) from error


@contextmanager
def locked(path: Path, *, busy: StoreError | None = None, patience: float = 0.0) -> Iterator[None]:
    """Holds a lock file for this process; it is free when the process ends, however that is. The file stays.

    Where another has it: waits, or raises `busy` after `patience` s. StoreError where the file cannot be made. On a
    disk without locks the file itself is the lock.
    """
    from filelock import FileLock, Timeout  # not at the top: listing plugins is to start fast

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(path, timeout=patience if busy else -1, thread_local=False).acquire()
    except Timeout:
        assert busy is not None
        raise busy from None
    except OSError as error:
        raise unwritable(path, error) from error
    with held:
        yield


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable: a rename survives a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
