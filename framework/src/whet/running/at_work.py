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
def at_work(root: Path) -> Iterator[Path]:
    """While this process drives a run, or gets labels, in the store at `root`; gives the file that says so.

    Raises StoreError where it cannot be said.
    """
    for path in _files(root):
        _remove_free(path)
    path = root / FOLDER / f"{platform.node()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.lock"
    with locked(path):
        try:
            yield path
        finally:
            _remove(path)


def others_at_work(root: Path) -> list[str]:
    """Who is at work in a store: `process PID on HOST`, each."""
    found = []
    for path in held_files(root):
        host, pid, _ = path.stem.rsplit("-", 2)
        found.append(f"process {pid} on {host}")
    return found


def claims_of(path: Path) -> Path:
    """Where a run that has this file tells the others what it claims (see `Claims`)."""
    return path.with_suffix(".claims")


def held_files(root: Path, but: Path | None = None) -> list[Path]:
    """The files of those that are at work in a store, less one's own."""
    return [path for path in _files(root) if path != but and not _is_free(path)]


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
        _remove(path)


def _remove(path: Path) -> None:
    for one in (claims_of(path), path):
        with suppress(OSError):
            one.unlink()
