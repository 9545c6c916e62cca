"""Steps of Whet as jobs of Slurm. Importing this module imports neither ASE nor NumPy."""

from __future__ import annotations

from whet import Executor, hookimpl
from whet_slurm.executor import SlurmExecutor

whet_api = {"executors": 1}


@hookimpl
def executors() -> list[type[Executor]]:
    return [SlurmExecutor]
