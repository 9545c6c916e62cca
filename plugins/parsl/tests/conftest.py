"""What the tests of Parsl share."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from parsl_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Of one test."""
    yield from made(tmp_path)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """An executor that several tests share, started where no environment is activated."""
    for bench in made(tmp_path_factory.mktemp("running")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", "/usr/bin:/bin")
            patch.setenv("OMP_NUM_THREADS", "7")
            bench.start(
                max_workers_per_node=1,
                cores_per_worker=0.5,
                worker_init=["export SET_UP=one", "export SET_UP=$SET_UP-two"],
            )
            yield bench


def made(folder: Path) -> Iterator[Bench]:
    mark = uuid.uuid4().hex
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHET_PARSL_TEST", mark)
        patch.setenv("SPT_NOENV", "1")  # Parsl's title of its interchange would be written over the environment
        bench = Bench(folder, mark)
        yield bench
        if bench.is_started:
            bench.executor.stop()


@pytest.fixture
def toy_study(tmp_path: Path) -> Path:
    """A study file that is read, and not run."""
    cell = 'Lattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3 pbc="T T T"'
    (tmp_path / "start.xyz").write_text(f"1\n{cell}\nLi 0 0 0\n")
    path = tmp_path / "study.yaml"
    path.write_text("name: read\nstructures: {file: start.xyz}\npotentials: {main: chgnet}\n")
    return path
