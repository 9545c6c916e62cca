"""What the tests of chaos start from."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.harness import Chaos, Place, undisturbed
from one_machine_slurm import OneMachineSlurm


@pytest.fixture(scope="session")
def toy_in_processes() -> Iterator[None]:
    """The toy plugin, for processes that are started."""
    if sys.platform != "linux":
        pytest.skip("processes are found by Linux's /proc")
    patch = pytest.MonkeyPatch()
    toy = str(Path(__file__).parents[1] / "toy")
    patch.setenv("PYTHONPATH", os.pathsep.join([toy, os.environ.get("PYTHONPATH", "")]))
    patch.setenv("OMP_NUM_THREADS", "1")
    yield
    patch.undo()


@pytest.fixture(scope="session")
def peace(toy_in_processes: None, tmp_path_factory: pytest.TempPathFactory) -> Chaos:
    """The study, run in peace."""
    return undisturbed(tmp_path_factory.mktemp("peace"))


def locally(request: pytest.FixtureRequest) -> Place:
    return Place()


def through_parsl(request: pytest.FixtureRequest) -> Place:
    pytest.importorskip("whet_parsl")
    victims = {**Place().victims, "interchange": "interchange", "manager": "process_worker_pool", "pilot": "spawn_main"}
    return Place("parsl", ["running.provider=local"], victims)


def over_slurm(request: pytest.FixtureRequest) -> Place:
    """Jobs of a driver that was killed live on, until they are done or the next driver ends them."""
    pytest.importorskip("whet_slurm")
    slurm: OneMachineSlurm = request.getfixturevalue("slurm")

    def restart_slurmd() -> None:
        slurm.kill_slurmd()
        slurm.start_slurmd()

    outside = {"slurmd": restart_slurmd, "scancel": lambda: slurm.ask("scancel", "--user=root")}
    return Place("slurm", ["running.look_every=0.2"], {"worker": "whet.worker"}, outside, leave=120, patience=400)


PLACES = {"local": locally, "parsl": through_parsl, "slurm": over_slurm}


@pytest.fixture(params=["local", *(pytest.param(name, marks=pytest.mark.slow) for name in ("parsl", "slurm"))])
def place(request: pytest.FixtureRequest) -> Place:
    """Where the steps run."""
    return PLACES[request.param](request)
