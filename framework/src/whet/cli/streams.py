"""guard_streams: standard output and error that are full or closed end the program in one line, or not at all."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any

from whet.data.errors import StoreError
from whet.data.refusals import refusal


def guard_streams() -> None:
    """Makes a failing write to standard output a StoreError, and one to standard error nothing.

    A stream that was closed before the program began is opened again, so that no other file gets its number: what is
    written to standard output then fails, what is written to standard error is lost. A reader that has gone is no
    fault of the stream: BrokenPipeError stays.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # gets the lowest number that is free: this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 -- a number, not a path
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 -- a number, not a path
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without R² and Å gets question marks
    sys.stdout, sys.stderr = _Guarded(sys.stdout), _Lossy(sys.stderr)


def flush_output() -> None:
    """Writes what is still to be written to standard output. StoreError where it cannot be, or something was not."""
    sys.stdout.flush()
    if isinstance(sys.stdout, _Guarded) and sys.stdout.fault is not None:
        raise sys.stdout.fault


class _Guarded:
    """A stream whose failing writes are StoreErrors. It takes nothing after the first, which is its `fault`."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.fault: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Writes text."""
        if self.fault is not None:
            raise self.fault
        try:
            return self._stream.write(text)
        except OSError as error:
            raise self._failed(error) from error

    def flush(self) -> None:
        """Writes what is kept back. Says nothing of a fault that was said: Python calls it at the very end."""
        if self.fault is not None:
            return
        try:
            self._stream.flush()
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> OSError:
        self.fault = error if error.errno == errno.EPIPE else output_fault(error)
        # What is kept back would be tried again at the program's very end, and fail there with a traceback.
        with open(os.devnull, "wb") as nothing:  # noqa: PTH123 -- no path of anybody's
            os.dup2(nothing.fileno(), self._stream.fileno())
        return self.fault


class _Lossy(_Guarded):
    """A stream whose failing writes are lost: what it would say is not worth the work that is under way."""

    def write(self, text: str) -> int:
        """Writes text, or not."""
        try:
            return self._stream.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """Writes what is kept back, or not."""
        with suppress(OSError):
            self._stream.flush()


def output_fault(error: OSError) -> StoreError:
    """The fault of a standard output that takes nothing."""
    found = refusal(error, "standard output")
    if error.errno == errno.ENOSPC:
        found.hint = "Write it elsewhere; what was computed is kept"
    return found
