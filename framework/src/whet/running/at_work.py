"""at_work: says to others that this process writes into a store, for as long as it lives."""

from __future__ import annotations

import os
import platform
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from whet.data.durable import locked
from whet.data.errors import StoreError

FOLDER = "at-work"
"""In the store: a file for each process, `HOST-PID-ANY.lock`, which it holds. That of a dead one is free."""

_BUSY = StoreError("it is held")


@contextmanager
def at_work(root: Path) -> Iterator[None]:
    """While this process drives a run, or gets labels, in the store at `root`. StoreError where it cannot be said."""
    for path in _files(root):
        _remove_free(path)
    path = root / FOLDER / f"{platform.node()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.lock"
    with locked(path):
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink()


def others_at_work(root: Path) -> list[str]:
    """Who is at work in a store: `process PID on HOST`, each."""
    found = []
    for path in _files(root):
        if not _is_free(path):
            host, pid, _ = path.stem.rsplit("-", 2)
            found.append(f"process {pid} on {host}")
    return found


def _files(root: Path) -> list[Path]:
    return sorted(path for path in (root / FOLDER).glob("*.lock") if path.stem.count("-") >= 2)


def _is_free(path: Path) -> bool:
    try:
        with locked(path, busy=_BUSY):
            return True
    except StoreError as error:
        if error is _BUSY:
            return False
        raise


def _remove_free(path: Path) -> None:
    with suppress(StoreError, OSError), locked(path, busy=_BUSY):
        path.unlink()
