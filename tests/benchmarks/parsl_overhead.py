"""What Parsl costs on this machine beside the local workers: `python tests/benchmarks/parsl_overhead.py`.

For each executor: seconds until the first trivial job is done, milliseconds a job of `--jobs` (1,000) handed on at
once, milliseconds of one that is handed on alone, and seconds to stop. A job asks a warm worker to resolve nothing.
`parsl itself` is a bare script of Parsl with its DataFlowKernel and its own local provider; its jobs do nothing at all.
Two workers each. Times are the least of `--repeats`: noise only ever adds.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from whet import Executor, Job, Site
from whet.executors.local import LocalExecutor

WORKERS = 2

Start = Callable[[Path], tuple[Callable[[], "Future[Any]"], Callable[[], object]]]
"""In a folder, gives what hands on a job, and what stops it all."""


class Trivial(Job):
    """What a worker answers without doing anything."""

    @property
    def request(self) -> dict[str, Any]:
        return {"resolve": []}


def of_whet(made: Callable[[], Executor[Any]]) -> Start:
    def start(folder: Path) -> tuple[Callable[[], Future[Any]], Callable[[], object]]:
        executor = made()
        executor.start(Site(folder, WORKERS))
        job = Trivial((folder / "steps" / "trivial",), Path(sys.executable))
        return lambda: executor.submit(job), executor.stop

    return start


def with_parsl() -> Executor[Any]:
    from whet_parsl.executor import ParslExecutor
    from whet_parsl.options import ParslOptions

    return ParslExecutor(ParslOptions())


def parsl_itself(folder: Path) -> tuple[Callable[[], Future[Any]], Callable[[], object]]:
    from parsl import Config, python_app
    from parsl.dataflow.dflow import DataFlowKernel
    from parsl.executors import HighThroughputExecutor
    from parsl.providers import LocalProvider

    # Parsl finds its own programs on PATH alone.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    executor = HighThroughputExecutor(max_workers_per_node=WORKERS, provider=LocalProvider())
    kernel = DataFlowKernel(Config([executor], run_dir=str(folder), initialize_logging=False))
    return python_app(nothing, data_flow_kernel=kernel), kernel.cleanup


def nothing() -> None:
    """Done by a worker of Parsl."""


def measured(start: Start, jobs: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        began = time.perf_counter()
        submit, stop = start(Path(name))
        submit().result()
        first = time.perf_counter() - began
        for job in [submit() for _ in range(4 * WORKERS)]:  # each worker is warm after that
            job.result()
        began = time.perf_counter()
        for job in [submit() for _ in range(jobs)]:
            job.result()
        many = time.perf_counter() - began
        began = time.perf_counter()
        for _ in range(100):
            submit().result()
        alone = time.perf_counter() - began
        began = time.perf_counter()
        stop()
        return {
            "first, s": first,
            "many, ms a job": 1000 * many / jobs,
            "alone, ms a job": 10 * alone,
            "stop, s": time.perf_counter() - began,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    starts: dict[str, Start] = {
        "local": of_whet(lambda: LocalExecutor(LocalExecutor.Options())),
        "parsl": of_whet(with_parsl),
        "parsl itself": parsl_itself,
    }
    for name, start in starts.items():
        runs = [measured(start, asked.jobs) for _ in range(asked.repeats)]
        least = {what: min(run[what] for run in runs) for what in runs[0]}
        print(f"{name:14}", "   ".join(f"{what}: {value:7.2f}" for what, value in least.items()))


if __name__ == "__main__":
    main()
