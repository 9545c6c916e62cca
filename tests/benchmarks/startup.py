"""How fast the command line starts, as ratios to what it cannot do without: `python tests/benchmarks/startup.py`."""

from __future__ import annotations

import os
import subprocess
import sys

COMMANDS = {
    "import typer, pydantic": ["-c", "import typer, pydantic"],
    "whet --help": ["-m", "whet", "--help"],
    "whet plugins": ["-m", "whet", "plugins"],
}


def cpu_seconds(arguments: list[str]) -> float:
    """User and system time of one run."""
    before = os.times()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def ratios(runs: int = 12) -> dict[str, float]:
    """The least of several interleaved runs of each, over the least of the first: noise only ever adds."""
    least = dict.fromkeys(COMMANDS, float("inf"))
    for _ in range(runs):
        for name, arguments in COMMANDS.items():
            least[name] = min(least[name], cpu_seconds(arguments))
    first = least["import typer, pydantic"]
    return {name: seconds / first for name, seconds in least.items()}


if __name__ == "__main__":
    for name, ratio in ratios().items():
        sys.stdout.write(f"{name:<24} {ratio:.2f}\n")
