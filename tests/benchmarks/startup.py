"""How fast the command line starts, as ratios to what it cannot do without: `python tests/benchmarks/startup.py`."""

from __future__ import annotations

import os
import sys

COMMANDS = {
    "import typer, pydantic": ["-c", "import typer, pydantic"],
    "whet --help": ["-m", "whet", "--help"],
    "whet plugins": ["-m", "whet", "plugins"],
}


def seconds(arguments: list[str]) -> float:
    """CPU time of one run: that of the wall hangs on what else the machine does."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(sys.executable, [sys.executable, *arguments], os.environ, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    assert status == 0, arguments
    return used.ru_utime + used.ru_stime


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
