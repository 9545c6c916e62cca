"""The program in this process, and what has to hold of its answers to bad inputs."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import in_process

PATIENCE = 10
"""Seconds that an answer may take."""

EXAMPLES = int(os.environ.get("WHET_EXAMPLES", "1500"))
"""How many bad inputs of each kind the slow tests try."""


whet = partial(in_process.whet, code=None, patience=PATIENCE)
"""The program, whatever it answers, in time."""

alarm = partial(in_process.alarm, patience=PATIENCE)
"""For what is asked of Whet without a command."""


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


def answered(said: in_process.Said, *, what: object = "", lines: int = 1) -> bool:
    """Whether it was done. If not: exit code 2 and one line for each fault. Nothing else may happen."""
    shown = f"{said.code}\n{said.stderr[-1500:]}\n{said.stdout[-300:]}\nfor {what!r:.3000}"
    assert "nobody foresaw" not in said.stderr and "Traceback" not in said.stderr + said.stdout, shown
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
