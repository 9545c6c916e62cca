"""whet: the program in this process, for tests: a new interpreter takes a second."""

from __future__ import annotations

import contextlib
import io
import resource
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from whet.cli.main import main


class TooSlow(BaseException):
    """No answer came in time. No Exception: nothing that catches those is to take it for its own."""


@dataclass(frozen=True)
class Said:
    """What the program wrote, and its exit code."""

    stdout: str
    stderr: str
    code: int = 0

    @property
    def faults(self) -> list[str]:
        """Lines on standard error that are no progress."""
        lines = self.stderr.splitlines()
        return [line for line in lines if not line.startswith("[") and ": epoch " not in line]


def whet(*arguments: str | Path, code: int | None = 0, folder: Path | None = None, patience: int | None = None) -> Said:
    """Runs a command in a folder (by default here). code: that it has to end with; None for any.

    patience: seconds that the answer may take; then TooSlow is raised.
    """
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(folder or Path.cwd()),
        mock.patch.object(sys, "argv", ["whet", *map(str, arguments)]),
        alarm(arguments, patience),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    said = Said(_written(out), _written(err), ended.value.code or 0)  # pyright: ignore[reportArgumentType]
    assert isinstance(said.code, int)
    assert code is None or said.code == code, said.stdout + said.stderr
    return said


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


STATUS = Path("/proc/self/status")
MOST_MEMORY = 4 << 30
"""Bytes that an answer may take beside what the tests have."""


@contextlib.contextmanager
def alarm(what: object, patience: int | None) -> Iterator[None]:
    """TooSlow where what is in the block takes more seconds than that; MemoryError where it takes all memory."""
    if patience is None:
        yield
        return

    def late(*_: object) -> None:
        raise TooSlow(f"no answer in {patience} s: {what}")

    before = signal.signal(signal.SIGALRM, late)
    limits = resource.getrlimit(resource.RLIMIT_DATA)
    if STATUS.is_file():  # else nobody says what is in use
        resource.setrlimit(resource.RLIMIT_DATA, (_data_in_use() + MOST_MEMORY, limits[1]))
    signal.alarm(patience)
    try:
        yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_DATA, limits)
        signal.signal(signal.SIGALRM, before)


def _data_in_use() -> int:
    """Bytes of this process that count against RLIMIT_DATA."""
    said = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return 1024 * int(said["VmData"].split()[0])
