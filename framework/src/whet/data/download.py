"""download: a file from the network, whole and checked, or not at all; what came is kept, and the next try goes on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from whet.data.durable import sync_folder, unwritable
from whet.data.errors import InputError, StoreError

SILENCE = 10.0
"""Seconds that a server may say nothing: compute nodes without a network should learn so soon."""

TRIES = 3
"""How often a download that breaks off is taken up again before it is a fault."""

BLOCK = 1 << 20


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
    import fcntl

    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if path.is_file() and not _fault(path, size, sha256):  # another process was faster
                partial.unlink(missing_ok=True)
                return
            if path.exists():  # the user's own, or damaged since: nobody but the user knows
                if not os.fstat(file.fileno()).st_size:
                    partial.unlink(missing_ok=True)
                what = f"another file has the place of the model: {_fault(path, size, sha256)}"
                raise StoreError(what, where=str(path), hint="Move it away, or remove it, and run again")
            if not os.fstat(file.fileno()).st_nlink:  # another process threw it away while this one waited
                raise _Broken("another process got something else than the model")
            if not sha256:  # nothing would tell the rest of one file from the beginning of another
                _emptied(file)
            resumed = file.seek(0, 2) > 0
            _fill(file, url, size, progress)
            wrong = _fault(partial, size, sha256)
            if wrong and resumed:  # what was there may have been the beginning of something else
                _emptied(file)
                _fill(file, url, size, progress)
                wrong = _fault(partial, size, sha256)
            if wrong:
                partial.unlink()
                raise InputError(f"what was downloaded is not the model: {wrong}")
            os.fsync(file.fileno())
            partial.replace(path)
            sync_folder(path.parent)
    except _Broken as error:
        had = partial.stat().st_size if partial.exists() and sha256 else 0
        if not had:
            partial.unlink(missing_ok=True)
        kept = f", after {had:,} bytes, which are kept" if had else ""
        raise InputError(f"the model cannot be downloaded ({error}{kept})", where=url, hint=way_out) from None
    except InputError as error:
        error.where, error.hint = url, way_out
        raise
    except OSError as error:
        if isinstance(error, StoreError) or error.errno is None:
            raise
        raise unwritable(path, error) from error


def _fill(file: IO[bytes], url: str, size: int, progress: Callable[[int, int], None]) -> None:
    """Appends what is lacking. Raises _Broken where it did not come in several tries."""
    for left in reversed(range(TRIES)):
        try:
            for had, total in _blocks(file, url, size):
                progress(had, total)
            return
        except _Broken:
            # A server that cannot be reached will not be a second later; one that broke off may.
            if not left or not file.tell():
                raise
        finally:
            file.flush()


def _blocks(file: IO[bytes], url: str, size: int) -> Iterator[tuple[int, int]]:
    # Not at the top: listing plugins is to start fast.
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    had = file.seek(0, 2)
    if size and had == size:
        return
    if size and had > size:
        had = _emptied(file)
    asked = Request(url, headers={"Range": f"bytes={had}-"} if had else {})
    try:
        with urlopen(asked, timeout=SILENCE) as answer:
            if had and answer.status != 206:  # the server starts from the beginning
                had = _emptied(file)
            announced = answer.headers.get("Content-Length")
            total = had + int(announced) if announced else size
            while block := answer.read1(BLOCK):
                file.write(block)
                had += len(block)
                yield had, total
    except HTTPError as error:
        if error.code == 416:  # there is nothing after what we have
            return
        raise InputError(f"the model cannot be downloaded (the server answers {error.code} {error.reason})") from error
    except (OSError, HTTPException, ValueError) as error:
        raise _Broken(_said(error)) from error
    if announced is not None and had < total:
        raise _Broken(f"the connection ended at {had:,} of {total:,} bytes")


def _emptied(file: IO[bytes]) -> int:
    file.truncate(0)
    return file.seek(0)


def _said(error: Any) -> str:
    return " ".join(str(getattr(error, "reason", error)).split()) or type(error).__name__


def _fault(path: Path, size: int, sha256: str) -> str:
    has = path.stat().st_size
    if size and has != size:
        return f"it has {has:,} bytes instead of {size:,}"
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest() if sha256 else ""
    return "" if found == sha256 else f"its SHA-256 is {found} instead of {sha256}"
