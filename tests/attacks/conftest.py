"""The program in this process, and what has to hold of its answers to bad inputs."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE = 10
"""Seconds that an answer may take."""

EXAMPLES = int(os.environ.get("WHET_EXAMPLES", "1500"))
"""How many bad inputs of each kind the slow tests try."""


class TooSlow(BaseException):
    """No answer came in time. No Exception: nothing that catches those is to take it for its own."""


@dataclass(frozen=True)
class Said:
    """How the program ended: exit code, standard output and error."""

    code: int
    out: str
    err: str

    @property
    def faults(self) -> list[str]:
        """Lines on standard error that are no progress."""
        return [line for line in self.err.splitlines() if not line.startswith("[")]


@contextmanager
def alarm(what: object) -> Iterator[None]:
    """TooSlow where what is in the block takes too long."""

    def late(*_: object) -> None:
        raise TooSlow(f"no answer in {PATIENCE} s: {what}")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def whet(*arguments: str | Path, folder: Path) -> Said:
    """What the program answers to a command line, in a folder. TooSlow where it takes more than ten seconds."""
    from whet.cli.main import main

    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    before, here = (sys.argv, sys.stdout, sys.stderr), Path.cwd()
    os.chdir(folder)
    code: object = None
    try:
        sys.argv, sys.stdout, sys.stderr = ["whet", *map(str, arguments)], out, err
        with alarm(arguments):
            main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv, sys.stdout, sys.stderr = before
        os.chdir(here)
    said = []
    for stream in (out, err):
        stream.flush()
        said.append(stream.buffer.getvalue().decode())  # pyright: ignore[reportAttributeAccessIssue]
    return Said(code if isinstance(code, int) else -1, said[0], said[1])


def tree(folder: Path) -> dict[str, str]:
    """Every file, link and folder below a folder, with the digest of its content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        what = "folder"
        if path.is_symlink():
            what = f"link to {path.readlink()}"
        elif path.is_file():
            what = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = what
    return found


def answered(said: Said, *, what: object = "", lines: int = 1) -> bool:
    """Whether it was done. If not: exit code 2 and one line for each fault. Nothing else may happen."""
    shown = f"{said.code}\n{said.err[-1500:]}\n{said.out[-300:]}\nfor {what!r:.3000}"
    assert "nobody foresaw" not in said.err and "Traceback" not in said.err + said.out, shown
    assert said.code in (0, 2), shown
    if said.code == 0:
        assert not said.faults, shown
        return True
    assert 1 <= len(said.faults) <= lines, shown
    assert all(line.startswith("whet: ") and len(line) < 1500 for line in said.faults), shown
    return False


@pytest.fixture(scope="module")
def toys() -> Iterator[None]:
    """The toy plugin, for this process and the workers that it starts, for a whole module of tests."""
    from whet.plugins.registry import registry

    with pytest.MonkeyPatch.context() as patch:
        place = str(Path(__file__).parents[1] / "toy")
        patch.syspath_prepend(place)
        patch.setenv("PYTHONPATH", os.pathsep.join([place, os.environ.get("PYTHONPATH", "")]))
        registry.cache_clear()
        yield
    registry.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "whet_toy"]:
        del sys.modules[name]
