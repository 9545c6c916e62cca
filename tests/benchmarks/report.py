"""How long a report of a large study takes: `python tests/benchmarks/report.py [FOLDER]`.

A toy study of some 600 steps is run (in FOLDER, where it is kept), then drawn, three times each, in fresh processes:

- `read`: the same files with `json.load`, all that a report cannot do without
- `whet status`, `whet report`: the commands

Least wall times, in seconds and as ratios to `read`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STUDY = """\
name: large toy
structures: {use: toy, repeat: 2}
potentials: {a: toy, b: {use: toy, scale: 1.1}, c: {use: toy, scale: 0.9}, d: {use: toy, scale: 0.8}}
labeler: toy
descriptor: toy
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
fine_tune: {epochs: 5}
strategies: {naive: 4, periodic: {rounds: 4, seeds: [1, 2]}}
tests: {independent: {trajectories: 2}, second: {trajectories: 2}}
"""
READ = "import json, pathlib; [json.load(p.open()) for p in pathlib.Path('.whet/steps').glob('*/*.json')]"


def main(folder: Path) -> None:
    """Prints a line for each."""
    toy = Path(__file__).parents[1] / "toy"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(toy), os.environ.get("PYTHONPATH", "")])}
    (folder / "study.yaml").write_text(STUDY)

    def seconds(*arguments: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, check=True, capture_output=True)
        return time.perf_counter() - started

    seconds("-m", "whet", "run", "study.yaml")
    commands = {
        "read": ("-c", READ),
        "whet status": ("-m", "whet", "status", "study.yaml"),
        "whet report": ("-m", "whet", "report", "study.yaml", "--out", "again"),
    }
    least = {name: min(seconds(*arguments) for _ in range(3)) for name, arguments in commands.items()}
    sys.stdout.write(f"{len(list((folder / '.whet' / 'steps').iterdir()))} steps\n")
    for name, spent in least.items():
        sys.stdout.write(f"{name:<12} {spent:6.2f} s {spent / least['read']:6.1f}\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
