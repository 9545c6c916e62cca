"""What radial distributions and diffusion of long trajectories cost: `python tests/benchmarks/trajectories.py`.

For each number of frames (1,000 and 100,000 of 60 atoms, or `--frames N` and `--atoms N`), each in a process of its
own, with one thread; the frames lie in a file of Whet's own and are read one at a time, as a step reads them:

- `read`: the file, and nothing else
- `rdf`: `PairDistances`, up to half the cell
- `msd`: `Molecules`, `Unwrapped` and `BlockDiffusion`, in blocks of 500 frames

Memory is the most that the process had, less that of `import`, which imports what the others do and opens the file:
the index of its frames is in both. `grows` is what a hundred times as many frames add to it, less what they add to
`read`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from ase import Atoms

from whet import FrameLog

PROGRAM = """
import sys
from pathlib import Path
from whet import read_frames
from whet_observables.block_diffusion import BlockDiffusion, Scheme
from whet_observables.molecules import Molecules
from whet_observables.pair_distances import PairDistances
from whet_observables.unwrapping import Unwrapped
what, path = sys.argv[1:]
frames = read_frames(Path(path))
start = frames[0]
if what == "rdf":
    counts = PairDistances(start, 6.0, 0.02)
    for frame in frames:
        counts.add(frame)
    assert counts.of(counts.pairs[0]).frames[0] == len(frames)
elif what == "msd":
    molecules = Molecules.in_start(start)
    blocks, unwrapped = BlockDiffusion(molecules.species, 10.0, Scheme(5000.0, 500.0, 500.0, 0.0)), Unwrapped()
    for frame in frames:
        blocks.add(unwrapped.add(molecules.centers(frame), frame.cell.array))
    found = blocks.of(blocks.names[0])
    assert found is not None and abs(found.coefficient / 1e-4 - 1) < 0.3, found.coefficient
elif what == "read":
    for frame in frames:
        pass
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""


def write(path: Path, count: int, atoms: int) -> None:
    """Argon atoms that walk at random (10⁻⁴ Å²/fs, a frame every 10 fs) from a lattice, wrapped into their box."""
    random, log = np.random.default_rng(0), FrameLog(path)
    edge = int(np.ceil(atoms ** (1 / 3) - 1e-9))
    side = 3.8 * edge
    places = 3.8 * np.array([[n % edge, n // edge % edge, n // edge**2] for n in range(atoms)], dtype=float)
    for _ in range(count):
        log.append(Atoms(f"Ar{atoms}", places % side, cell=[side] * 3, pbc=True))
        places += random.normal(0, np.sqrt(2 * 1e-4 * 10.0), (atoms, 3))


def cost(what: str, path: Path) -> tuple[float, float]:
    """Seconds, and MiB that the process had at most."""
    began = time.monotonic()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, what, str(path)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.monotonic() - began, int(done.stdout) / 1024


def main() -> None:
    """Prints one line for each number of frames and each kind of work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--atoms", type=int, default=60)
    parsed = parser.parse_args()
    print(f"{'frames':>8} {'what':>6} {'s':>8} {'frames/s':>9} {'MiB':>7}")
    memory: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in parsed.frames:
            path = Path(folder) / f"{count}.frames"
            write(path, count, parsed.atoms)
            base = cost("import", path)
            for what in ("read", "rdf", "msd"):
                seconds, most = cost(what, path)
                memory.setdefault(what, []).append(most - base[1])
                rate = count / max(seconds - base[0], 1e-3)
                print(f"{count:8} {what:>6} {seconds:8.1f} {rate:9.0f} {most - base[1]:7.1f}", flush=True)
            path.unlink()
    for what in ("rdf", "msd"):
        grows = (memory[what][-1] - memory[what][0]) - (memory["read"][-1] - memory["read"][0])
        print(f"{what} grows by {grows:.1f} MiB")


if __name__ == "__main__":
    main()
