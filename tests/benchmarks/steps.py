"""What the driver and the workers cost beside the work itself: `python tests/benchmarks/steps.py`.

With `--count` (1,000) trivial toy steps, each making one structure of four atoms, in a fresh store each time:

- `disk`: two small files written durably for each step, as its output and its result are: less is not possible
- `local`: steps with `--workers` (1) local workers, from the first that is handed on; the worker is warm
- `parsl`: the same through Parsl on this machine, where the plugin is installed
- `elsewhere`: the same in another environment's interpreter, which is warm, too
- `re-check`: the same run again, in a process that has just begun; nothing is left to do
- `study`: a whole toy study of about so many steps, loaded, planned and looked through when it has run (`--study`)
- `completions`: `--simulated` (10,000) steps whose executor is done at once: the driver's own work

`--profile NAME` prints where the time of one of them goes. CPU: of the driver alone.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import resource
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOY = Path(__file__).parents[1] / "toy"
sys.path.insert(0, str(TOY))
os.environ["PYTHONPATH"] = os.pathsep.join([str(TOY), os.environ.get("PYTHONPATH", "")])
os.environ["OMP_NUM_THREADS"] = "1"

from whet.contracts.component import Component, Spec  # noqa: E402
from whet.contracts.executor import Executor, Job, Site  # noqa: E402
from whet.data.durable import write_json  # noqa: E402
from whet.executors.local import LocalExecutor  # noqa: E402
from whet.plugins.registry import registry  # noqa: E402
from whet.running.environments import Environment  # noqa: E402
from whet.running.runner import Account, Runner  # noqa: E402
from whet.running.step import Step  # noqa: E402
from whet.running.store import Result, Store  # noqa: E402
from whet.study.study import Study  # noqa: E402

STUDY = """\
name: many
structures: {{use: toy, repeat: 1}}
potentials: {{main: toy}}
labeler: toy
dynamics: {{use: toy, timestep: 2, production: 2, every: 1, temperature: 100}}
fine_tune: {{epochs: 1, valid_fraction: 0}}
tests: {{independent: {{trajectories: {count}, driver: foundation}}}}
self_generated: {{of: none}}
"""


@dataclass(frozen=True)
class Cost:
    """wall, cpu: seconds, the latter of this process. count: of steps."""

    wall: float
    cpu: float
    count: int

    @property
    def each(self) -> float:
        """Milliseconds a step."""
        return 1000 * self.wall / self.count


class Steps:
    """A planner of steps that wait for nothing."""

    def __init__(self, count: int, environment: str = "", first: int = 0) -> None:
        source = registry().resolve("structures", Spec("toy"))
        self.steps = [self._step(index, source, environment) for index in range(first, first + count)]

    def _step(self, index: int, source: Component, environment: str) -> Step:
        task = Component("tasks", "structure", 2, {"index": index, "seed": 1}, unpickles=False)
        return Step(task, {"structures": source}, title=f"structure {index}", environment=environment)

    def plan(self, so_far: Account) -> Iterable[Step]:
        return self.steps

    def asks_after(self, key: str) -> bool:
        return False


class AtOnce(Executor):
    """Leaves each job's result itself, without a disk's patience, and is done."""

    name = "at-once"

    def start(self, site: Site) -> int:
        self._result = Result({"formula": "Ar4", "atoms": 4}, provenance={"seconds": 0.0})
        import json

        self._text = json.dumps(self._result.as_json())
        return 64

    def submit(self, job: Job) -> Future[None]:
        for folder in job.folders:
            (folder / "result.json").write_text(self._text)
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def stop(self) -> None:
        pass


def timed(work: Callable[[], Account], count: int, expected: str) -> Cost:
    """Of a run in which so many steps ran, or were there."""
    wall, cpu = time.perf_counter(), time.process_time()
    account = work()
    cost = Cost(time.perf_counter() - wall, time.process_time() - cpu, count)
    assert len(getattr(account, expected)) == count, (account.failed, len(account.ran), len(account.reused))
    return cost


def disk(folder: Path, count: int) -> Cost:
    """Two files for each of so many folders."""
    wall, cpu = time.perf_counter(), time.process_time()
    for index in range(count):
        for name in ("output.json", "result.json"):
            write_json(folder / str(index) / name, {"some": "thing" * 100})
    return Cost(time.perf_counter() - wall, time.process_time() - cpu, count)


def warm(kind: type[Any], folder: Path, count: int, workers: int, environments: dict[str, Environment]) -> Cost:
    """Steps of an executor of this class whose workers have done some before."""
    (name,) = environments or [""]

    class Warm(kind):
        """Stays for a second run."""

        name = kind.name
        is_warm = False

        def start(self, site: Site) -> int:
            if not self.is_warm:
                self.room = super().start(site)
            return self.room

        def stop(self) -> None:
            if self.is_warm:
                super().stop()
            self.is_warm = True

    runner = Runner(Store(folder), Warm(kind.Options()), workers, environments=environments)
    runner.run(Steps(4 * workers, name, first=count))
    return timed(lambda: runner.run(Steps(count, name)), count, "ran")


def foreign(folder: Path) -> Environment:
    """Another interpreter that has the same packages."""
    venv.create(folder, with_pip=False)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (own / "whet.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n{TOY}\n")
    return Environment("foreign", folder / "bin" / "python")


def study(folder: Path, count: int) -> dict[str, Cost]:
    """A toy study of about so many steps, that has run: loading, and looking through."""
    folder.mkdir()
    path = folder / "study.yaml"
    path.write_text(STUDY.format(count=count // 3))
    first = Study.load(path)
    ran = timed(lambda: first.run(workers=2), len(first.plan.steps), "ran")
    wall, cpu = time.perf_counter(), time.process_time()
    again = Study.load(path)
    loaded = Cost(time.perf_counter() - wall, time.process_time() - cpu, ran.count)
    return {"study": ran, "study: load": loaded, "study: re-check": timed(again.run, ran.count, "reused")}


def tell(name: str, cost: Cost, floor: Cost) -> None:
    """One line."""
    ratio = cost.each / floor.each
    sys.stdout.write(
        f"{name:<18} {cost.count:>6} steps {cost.wall:8.2f} s {cost.each:8.2f} ms each {ratio:7.2f} of disk"
        f" {cost.count / cost.wall:9.0f} a second   CPU {1000 * cost.cpu / cost.count:6.2f} ms each\n"
    )
    sys.stdout.flush()


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--count", type=int, default=1000)
    asked.add_argument("--simulated", type=int, default=10_000)
    asked.add_argument("--workers", type=int, default=1)
    asked.add_argument("--study", action="store_true")
    asked.add_argument("--folder", type=Path)
    asked.add_argument("--only", nargs="*")
    asked.add_argument("--profile", default="")
    given = asked.parse_args()
    count = given.count
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=given.folder)))

        def local() -> dict[str, Cost]:
            return {"local": warm(LocalExecutor, root / "local", count, given.workers, {})}

        def parsl() -> dict[str, Cost]:
            if "parsl" not in registry().names("executors"):
                return {}
            through = registry().find("executors", "parsl")
            return {"parsl": warm(through, root / "parsl", count, given.workers, {})}

        def elsewhere() -> dict[str, Cost]:
            there = {"foreign": foreign(root / "foreign")}
            return {"elsewhere": warm(LocalExecutor, root / "elsewhere", count, given.workers, there)}

        def recheck() -> dict[str, Cost]:
            steps = Steps(count)
            Runner(Store(root / "again"), AtOnce(None)).run(steps)
            runner, steps = Runner(Store(root / "again")), Steps(count)
            return {"re-check": timed(lambda: runner.run(steps), count, "reused")}

        def completions() -> dict[str, Cost]:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            steps = Steps(given.simulated)
            runner = Runner(Store(root / "simulated"), AtOnce(None))
            found = {"completions": timed(lambda: runner.run(steps), given.simulated, "ran")}
            after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            sys.stdout.write(f"memory: {after / 1024:.0f} MiB at most, {(after - before) / 1024:.0f} for these\n")
            return found

        parts = {"completions": completions, "local": local, "parsl": parsl, "elsewhere": elsewhere}
        parts["re-check"] = recheck
        if given.study:
            parts["study"] = lambda: study(root / "study", count)
        floor = disk(root / "disk", min(count, 300))
        tell("disk", floor, floor)
        for name, part in parts.items():
            if given.only and name not in given.only:
                continue
            profile = cProfile.Profile()
            if given.profile == name:
                profile.enable()
            found = part()
            profile.disable()
            for what, cost in found.items():
                tell(what, cost, floor)
            if given.profile == name:
                pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


if __name__ == "__main__":
    main()
