"""download: a file from the network, whole and checked, or not at all; what came is kept, and the next try goes on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from whet.data.durable import locked, sync_folder, unwritable
from whet.data.errors import InputError, StoreError
from whet.data.identity import fresh_digest

SILENCE = 10.0
"""Seconds that a server may say nothing: compute nodes without a network should learn so soon."""

TRIES = 3
"""How often a download that breaks off is taken up again before it is a fault."""

BLOCK = 1 << 16
"""Bytes that are written at a time; of one that a connection breaks in nothing is kept."""


class _Broken(Exception):
    """The connection ended before the file did."""


def download(
    url: str,
    path: Path,
    *,
    size: int = 0,
    sha256: str = "",
    way_out: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Fetches `url` to `path`; `path` appears only when its content is there and right.

    size (bytes), sha256: what is expected; 0 and empty where they are not known. way_out: what to do where it cannot
    be had. progress: called with bytes had and bytes in all (0 where nobody says). Where a checksum is known, what has
    come when a connection breaks stays beside `path` (`.NAME.partial`), and the next call asks for the rest. Two
    processes do not fetch the same file at once. Raises InputError where the server does not give it, StoreError
    where it cannot be written.
    """
    partial, lock = (path.with_name(f".{path.name}.{kind}") for kind in ("partial", "lock"))
    try:
        with locked(lock):
            try:
                if path.exists() and (wrong := _fault(path, size, sha256)):  # the user's own, or damaged since
                    what = f"another file has the place of the model: {wrong}"
                    raise StoreError(what, where=str(path), hint="Move it away, or remove it, and run again")
                if not path.exists():
                    _fetch(url, partial, size, sha256, progress)
                    partial.replace(path)
                    sync_folder(path.parent)
            finally:
                # Without a checksum nothing would tell the rest of one file from the beginning of another.
                if path.exists() or not sha256 or not partial.exists() or not partial.stat().st_size:
                    partial.unlink(missing_ok=True)
                lock.unlink(missing_ok=True)  # whoever waits for it finds out, and makes another
    except _Broken as error:
        kept = f", after {partial.stat().st_size:,} bytes, which are kept" if partial.exists() else ""
        raise InputError(f"the model cannot be downloaded ({error}{kept})", where=url, hint=way_out) from None
    except InputError as error:
        error.where, error.hint = url, way_out
        raise
    except OSError as error:
        if isinstance(error, StoreError) or error.errno is None:
            raise
        raise unwritable(path, error) from error


def _fetch(url: str, partial: Path, size: int, sha256: str, progress: Callable[[int, int], None]) -> None:
    with partial.open("ab" if sha256 else "wb") as file:
        resumed = file.tell() > 0
        _fill(file, url, size, progress)
        if resumed and _fault(partial, size, sha256):  # what was there may have been the beginning of something else
            file.truncate(0)
            _fill(file, url, size, progress)
        os.fsync(file.fileno())
    if wrong := _fault(partial, size, sha256):
        partial.unlink()
        raise InputError(f"what was downloaded is not the model: {wrong}")


def _fill(file: IO[bytes], url: str, size: int, told: Callable[[int, int], None]) -> None:
    """Appends what is lacking: pooch itself begins anew each time. Raises _Broken where it did not come."""
    # Not at the top: listing plugins is to start fast.
    from pooch import HTTPDownloader
    from requests.exceptions import HTTPError, RequestException

    for left in reversed(range(TRIES)):
        had = file.seek(0, os.SEEK_END)
        if size and had > size:
            had = file.truncate(0)
        if size and had == size:
            return
        progress: Any = _Progress(file, had, size, told)
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={had}-"} if had else {})}
        fetch = HTTPDownloader(progress, BLOCK, headers=headers, timeout=SILENCE, hooks={"response": progress.begin})
        try:
            fetch(url, file, None)
            return
        except HTTPError as error:
            answer: Any = error.response
            if answer.status_code == 416:  # there is nothing after what we have
                return
            why = f"the server answers {answer.status_code} {answer.reason}"
            raise InputError(f"the model cannot be downloaded ({why})") from error
        except (RequestException, ValueError) as error:
            # A server that cannot be reached will not be a second later; one that broke off may.
            if not left or not file.tell():
                raise _Broken(_said(error)) from error


class _Progress:
    """What pooch takes for a progress bar. total: bytes that will come, by pooch; 0 where the server does not say."""

    def __init__(self, file: IO[bytes], had: int, size: int, told: Callable[[int, int], None]) -> None:
        self.file, self.had, self.size, self.told, self.total = file, had, size, told, 0

    def begin(self, answer: Any, **_: Any) -> None:
        if answer.status_code == 200 and self.had:  # the server starts from the beginning
            self.had = self.file.truncate(0)

    def update(self, _: int) -> None:
        self.told(self.file.tell(), self.had + self.total if self.total else self.size)

    def reset(self) -> None:
        pass

    close = reset


def _said(error: BaseException) -> str:
    """The innermost reason: requests wraps it several times."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return " ".join(str(error).split()) or type(error).__name__


def _fault(path: Path, size: int, sha256: str) -> str:
    has = path.stat().st_size
    if size and has != size:
        return f"it has {has:,} bytes instead of {size:,}"
    found = fresh_digest(path) if sha256 else ""
    return "" if found == sha256 else f"its SHA-256 is {found} instead of {sha256}"
