"""How fast the command line starts, as ratios to what it cannot do without: `python tests/benchmarks/startup.py`."""

from __future__ import annotations

import subprocess
import sys
import time

COMMANDS = {
    "import typer, pydantic": ["-c", "import typer, pydantic"],
    "whet --help": ["-m", "whet", "--help"],
    "whet plugins": ["-m", "whet", "plugins"],
}


def seconds(arguments: list[str]) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def ratios(runs: int = 20) -> dict[str, float]:
    """The least of several interleaved runs of each, over the least of the first: noise only ever adds."""
    least = dict.fromkeys(COMMANDS, float("inf"))
    for _ in range(runs):
        for name, arguments in COMMANDS.items():
            least[name] = min(least[name], seconds(arguments))
    first = least["import typer, pydantic"]
    return {name: spent / first for name, spent in least.items()}


if __name__ == "__main__":
    for name, ratio in ratios().items():
        sys.stdout.write(f"{name:<24} {ratio:.2f}\n")
