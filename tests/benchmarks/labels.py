"""What labels cost on their way in and out, beside what a user would do: `python tests/benchmarks/labels.py`.

For each number of frames (1,000 and 10,000 of 50 atoms, or `--frames N` and `--atoms N`), each in a process of its own,
with one thread:

- `ase: read, write`: `ase.io.read` of the whole extended XYZ file, `ase.io.write` of it
- `import`: `whet labels import` of the file: read, checked, each label kept durably
- `import again`: the same command; every frame is a duplicate
- `to extxyz`, `to deepmd`: `whet labels export`
- `import deepmd`: what the last one wrote, into an empty label store

Frames a second are of the whole command; `of ASE` is the time of `ase: read, write` over that of the command. Memory is
the most that the process had, less that of one which imports ASE and NumPy; `flat` compares the numbers of frames.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.build import bulk

from whet import Labels
from whet.files.extended_xyz import extended_xyz

PEAK = """import atexit, pathlib
def tell():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    pathlib.Path("peak").write_text(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
atexit.register(tell)
"""
"""The most memory that a process had, in kB; what `wait4` says contains the memory of the one that started it."""

BARE = "import ase.io, numpy"
ASE = "import ase.io; ase.io.write('ase.extxyz', ase.io.read('in.extxyz', index=':'))"
WHET = "import sys; sys.argv = ['whet', *sys.argv[1:]]; from whet.cli.main import main; main()"
INTO = ("labels", "import", "in.extxyz", "--theory", "PBE", "--units", "eV,Å")
COMMANDS = {
    "import": INTO,
    "import again": INTO,
    "to extxyz": ("labels", "export", "PBE", "out.extxyz"),
    "to deepmd": ("labels", "export", "PBE", "out.deepmd"),
    "import deepmd": ("labels", "import", "out.deepmd", "--theory", "PBE", "--store", "other"),
}


@dataclass(frozen=True)
class Cost:
    """Of one process: seconds, and bytes that it had at most."""

    seconds: float
    memory: int


def cost(folder: Path, code: str, *arguments: str) -> Cost:
    """Runs code in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PEAK + code, *arguments]
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    return Cost(time.perf_counter() - started, int((folder / "peak").read_text()) * 1024)


def write(path: Path, frames: int, atoms: int) -> None:
    """Labeled frames of a salt at random."""
    random = np.random.default_rng(0)
    base = bulk("NaCl", "rocksalt", a=5.64, cubic=True).repeat((1, 1, -(-atoms // 8)))[:atoms]
    with path.open("w", encoding="utf-8") as file:
        for _ in range(frames):
            frame = base.copy()
            frame.set_cell(base.cell.array * (1 + random.normal(scale=0.01)), scale_atoms=True)
            frame.positions += random.normal(scale=0.1, size=(atoms, 3))
            stress = np.diag(random.normal(scale=0.01, size=3))
            labels = Labels(-3.4 * atoms + random.normal(), random.normal(size=(atoms, 3)), stress)
            file.write(extended_xyz(labels.attach(frame)))


def measured(frames: int, atoms: int) -> dict[str, Cost]:
    """What each way of handling so many frames costs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "in.extxyz", frames, atoms)
        ways = {"bare": cost(folder, BARE), "ase: read, write": cost(folder, ASE)}
        return ways | {way: cost(folder, WHET, *arguments) for way, arguments in COMMANDS.items()}


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=[1000, 10_000], metavar="N")
    parser.add_argument("--atoms", type=int, default=50, metavar="N")
    given = parser.parse_args()
    found = {frames: measured(frames, given.atoms) for frames in given.frames}
    few, many = min(found), max(found)
    for frames, costs in found.items():
        sys.stdout.write(f"{frames} frames of {given.atoms} atoms\n")
        ase, bare = costs["ase: read, write"], costs.pop("bare")
        for way, one in costs.items():
            memory = (one.memory - bare.memory) / 1e6
            line = f"  {way:<17} {frames / one.seconds:6.0f} frames/s, {ase.seconds / one.seconds:5.2f} of ASE"
            line += f"; {memory:6.0f} MB"
            if frames == many and many != few:
                line += f", {(one.memory - found[few][way].memory) / (many - few) / 1e3:6.2f} kB more a frame"
            sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
