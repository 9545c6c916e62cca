"""A small study that has run once for all these tests, a copy of its folder for each; ways to kill and to damage."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

TOY = Path(__file__).parents[2] / "toy"

STUDY = """\
name: toy
structures: {use: toy, repeat: 1}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
fine_tune: {epochs: 1, valid_fraction: 0}  # so short that it hardly learns
strategies: {periodic: 1}
tests: {independent: {trajectories: 1}}
self_generated: {of: none}
"""


@pytest.fixture(scope="session")
def _once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from whet import Study
    from whet.plugins.registry import registry

    folder = tmp_path_factory.mktemp("stores")
    (folder / "study.yaml").write_text(STUDY)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOY))
        registry.cache_clear()
        assert not Study.load(folder / "study.yaml").run(workers=0).failed
    registry.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "whet_toy"]:
        del sys.modules[name]
    return folder


@pytest.fixture
def folder(_once: Path, toy: None, tmp_path: Path) -> Path:
    """study.yaml and its store, finished."""
    return fresh(_once, tmp_path / "work")


def fresh(source: Path, target: Path) -> Path:
    """A copy of a folder, in the place of what is there, with its times."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    return target


OPERATIONS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.utime", "sqlite3.connect"}


def operations(call: Callable[[], object]) -> int:
    """How many operations on the disk it takes."""
    mine, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        _end_with(call, lambda number: os.write(theirs, number.to_bytes(8, "big")))
    os.waitpid(pid, 0)
    os.close(theirs)
    with os.fdopen(mine, "rb") as said:
        return int.from_bytes(said.read(), "big")


def killed(call: Callable[[], object], at: int) -> bool:
    """Calls it in a process that is gone, without a last word, before the operation of that number on the disk.

    Says whether it came to that; else it was done, and nothing raised.
    """
    pid = os.fork()
    if not pid:
        _end_with(call, lambda number: None, at)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 9)
    return code == 9


def _end_with(call: Callable[[], object], done: Callable[[int], object], at: int = -1) -> NoReturn:
    number = 0

    def count(event: str, _: object) -> None:
        nonlocal number
        if event in OPERATIONS:
            if number == at:
                os._exit(9)
            number += 1

    try:
        sys.addaudithook(count)
        call()
        done(number)
        os._exit(0)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(1)


def damage(path: Path, draw: random.Random) -> str:
    """Cuts a file, changes one of its bytes, or removes it; its time of modification stays. Says which."""
    content, about = path.read_bytes(), path.stat()
    how = draw.choice(["cut", "changed", "gone"] if content else ["gone"])
    if how == "gone":
        path.unlink()
        return how
    if how == "cut":
        path.write_bytes(content[: draw.randrange(len(content))])
    else:
        place = draw.randrange(len(content))
        path.write_bytes(content[:place] + bytes([content[place] ^ draw.randrange(1, 256)]) + content[place + 1 :])
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    return how
