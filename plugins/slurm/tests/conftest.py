"""A real Slurm, and an executor on it."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from one_machine_slurm import OneMachineSlurm, slurm, slurm_daemons
from whet import Job, Site
from whet_slurm.executor import SlurmExecutor, SlurmOptions

__all__ = ["slurm", "slurm_daemons"]

ANSWER = 'while [ "$1" != --answer ]; do shift; done; echo \'{"done": true}\' > "$2"'
"""What stands in for a worker says that the job is done."""


@pytest.fixture
def job_of(tmp_path: Path) -> Callable[..., Job]:
    """Makes a job whose worker is a shell script, so that it starts at once."""

    def make(script: str = ANSWER, number: int = 1, **rest: object) -> Job:
        step = tmp_path / "steps" / f"label-{number}"
        step.mkdir(parents=True, exist_ok=True)
        python = tmp_path / f"python-{number}"
        python.write_text(f"#!/bin/bash\n{script}\n")
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        return Job((step,), python, **rest)  # pyright: ignore[reportArgumentType]

    return make


@pytest.fixture
def started(slurm: OneMachineSlurm, tmp_path: Path) -> Iterator[Callable[..., SlurmExecutor]]:
    """Starts executors, which are stopped after the test."""
    made: list[SlurmExecutor] = []

    def start(**options: object) -> SlurmExecutor:
        executor = SlurmExecutor(SlurmOptions.checked({"look_every": 0.2, **options}, of="executor 'slurm'"))
        executor.start(Site(tmp_path / "executors" / "slurm"))
        made.append(executor)
        return executor

    yield start
    for executor in made:
        executor.stop()
    assert not slurm.queue()
