"""How long a large plan takes to check, and a large study to look at: `python tests/benchmarks/plan.py`.

For two shapes of study (many seeds, whose potentials are evaluated on each other's frames; long trajectories of many
rounds) of about 10,000 steps of the toy plugin (`--steps N`), each command in a process of its own:

- `check`, `check --plan`: of a study that never ran
- `status`, `check --plan, done`: where nine of ten steps have a result

Seconds are of the whole command, and CPU seconds beside them, as those of the wall hang on what else the machine does;
memory is the most that the process had. `times` compares with a study of a tenth of the steps: 10 is linear.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

TOY = Path(__file__).parents[1] / "toy"

STUDY = """\
name: large
structures: {{use: toy, repeat: 2}}
potentials: {{one: toy, two: {{use: toy, scale: 1.1}}}}
labeler: toy
dynamics: {{use: toy, timestep: 2, production: 20, every: 10, temperature: 100}}
fine_tune: {{epochs: 2}}
strategies: {strategies}
tests: {{independent: {{trajectories: 4, driver: foundation}}}}
running: {{most_steps: 1000000}}
"""


def seeds(steps: int) -> str:
    """Evaluations grow with the square of the seeds."""
    listed = list(range(1, max(2, round((steps / 19.5) ** 0.5)) + 1))
    return f"{{naive: {{rounds: 4, seeds: {listed}}}, periodic: {{rounds: 4, seeds: {listed}}}}}"


def rounds(steps: int) -> str:
    """Each round goes on from the one before, with all frames so far."""
    return f"{{naive: {max(1, steps // 21)}, periodic: {max(1, steps // 21)}}}"


SHAPES = {"seeds": seeds, "rounds": rounds}
COMMANDS = {"check": ("check",), "check --plan": ("check", "--plan")}
OF_DONE = {"status": ("status",), "check --plan, done": ("check", "--plan")}

FILL = """
import sys
from pathlib import Path
from whet import Study
from whet.running.store import Result
study = Study.load("study.yaml")
study.store.prepare()
study._keep_plan()
steps = list(study.plan.steps.values())
for step in steps:
    folder = study.store.folder(step.key)
    folder.mkdir(parents=True)
for step in steps[: len(steps) * 9 // 10]:
    values = {"frames": 3, "labeled": 3, "kept": [0, 1, 2], "failures": []} if step.kind == "label" else {"frames": 3}
    result = Result(values, provenance={"seconds": 1.5, "threads": "1", "bought": 3})
    import json
    (study.store.folder(step.key) / "result.json").write_text(json.dumps(result.as_json()))
print(len(steps))
"""
"""Results as steps leave them, of steps that did not run."""


@dataclass(frozen=True)
class Cost:
    """Of one process: seconds on the clock, of CPU, and bytes that it had at most."""

    seconds: float
    cpu: float
    memory: int


def cost(folder: Path, arguments: tuple[str, ...]) -> Cost:
    """Runs a program of Python's in a folder."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    started, here = time.perf_counter(), Path.cwd()
    os.chdir(folder)
    pid = os.posix_spawn(sys.executable, [sys.executable, *arguments], os.environ, file_actions=quiet)
    os.chdir(here)
    _, status, used = os.wait4(pid, 0)
    assert status == 0, arguments
    return Cost(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def measured(shape: str, steps: int) -> dict[str, Cost]:
    """What each command costs for a study of about so many steps."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "study.yaml").write_text(STUDY.format(strategies=SHAPES[shape](steps)))
        found = {name: cost(folder, ("-m", "whet", *words, "study.yaml")) for name, words in COMMANDS.items()}
        cost(folder, ("-c", FILL))
        count = len(list((folder / ".whet" / "steps").iterdir()))
        found |= {name: cost(folder, ("-m", "whet", *words, "study.yaml")) for name, words in OF_DONE.items()}
    sys.stdout.write(f"{shape}: {count} steps\n")
    return found


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10_000, metavar="N")
    given = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(TOY), os.environ.get("PYTHONPATH", "")])
    for shape in SHAPES:
        few, many = measured(shape, given.steps // 10), measured(shape, given.steps)
        for name, one in many.items():
            line = f"  {name:<19} {one.seconds:6.1f} s, {one.cpu:6.1f} s of CPU, {one.memory / 2**20:5.0f} MiB"
            sys.stdout.write(f"{line}; {one.cpu / few[name].cpu:5.1f} times\n")


if __name__ == "__main__":
    main()
