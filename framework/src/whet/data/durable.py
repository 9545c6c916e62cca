"""Writing that is all or nothing: a reader sees the old content or the new, also after a crash."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whet.data.errors import StoreError
from whet.data.identity import JSON


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a fresh partial file beside `path`; on leaving without a fault it takes the name `path`, durably.

    StoreError where the disk is full or the folder cannot be written; the partial file is gone then.
    """
    import tempfile

    partial: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=f".partial{path.suffix}")
        os.close(handle)
        partial = Path(name)
        yield partial
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.chmod(0o644)
        partial.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        if isinstance(error, StoreError) or error.errno is None:
            raise
        raise unwritable(path, error) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Replaces the file's content, all or nothing. Raises StoreError."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: JSON) -> None:
    """Writes readable JSON, all or nothing. Raises StoreError."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> JSON:
    """The JSON in a file. Raises StoreError, naming the file, where it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        hint = "Remove the file and run again"
        raise StoreError(f"not readable as JSON ({error})", where=str(path), hint=hint) from error


@contextmanager
def locked(path: Path, *, busy: StoreError | None = None) -> Iterator[None]:
    """Holds a lock file for this process. Where another has it: waits, or raises `busy`.

    StoreError where the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise unwritable(path, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError:
            assert busy is not None
            raise busy from None
        yield


def unwritable(path: Path, error: OSError) -> StoreError:
    """The operating system's refusal, as one line that says what to do."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    what = "the disk is full" if full else f"cannot be written ({error.strerror or error})"
    way_out = "Free some space and run the same command again: nothing is lost"
    hint = way_out if full else "Check the folder's permissions"
    return StoreError(what, where=str(path), hint=hint)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable: a rename survives a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
