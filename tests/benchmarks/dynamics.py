"""What dynamics costs, side by side with a script that a user would write: `python tests/benchmarks/dynamics.py`.

For each potential, on 50 atoms of Li10GeP2S12 (or `--frames FILE`), in one process with one thread, interleaved:

- `upstream`: a bare ASE script, nvt with Langevin, with the upstream package's own calculator
- `same calculator`: the same script with Whet's calculator
- each engine of Whet, with monitors, frames and checkpoints as they are by default

Numbers are ratios of the least time a step over blocks of steps: noise only ever adds. `outside` is the time of a step
that is not spent in the potential. With `--drift PS` the total energy in nve is followed and its drift reported, in
meV per atom and nanosecond, with the standard error of the slope over ten blocks.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import whet
from whet import Labels, Spec, Start, run_trajectory
from whet.plugins.registry import registry

if TYPE_CHECKING:
    from ase import Atoms

BLOCKS, STEPS = 15, 10


class Timed:
    """A potential that knows how long it was asked."""

    def __init__(self, potential: Any) -> None:
        self._potential = potential
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._potential, name)

    def evaluate(self, *arguments: Any, **words: Any) -> Iterator[Labels]:
        """As the potential does."""
        started = time.perf_counter()
        answers = list(self._potential.evaluate(*arguments, **words))
        self.seconds += time.perf_counter() - started
        return iter(answers)


def upstream(name: str, potential: Any) -> Any:
    """The upstream package's own calculator for the same weights; None where the benchmark knows none."""
    if name == "chgnet":
        from chgnet.model.dynamics import CHGNetCalculator

        return CHGNetCalculator(potential.model, use_device="cpu")
    if name.startswith("mace"):
        from mace.calculators import MACECalculator

        path = str(potential.files["checkpoint"])
        return MACECalculator(model_paths=path, device="cpu", default_dtype=potential.capabilities.dtype)
    return None


def script(start: Atoms, calculator: Any) -> Callable[[], float]:
    """A bare ASE script; each call goes on for a block and gives its seconds a step."""
    from ase import units
    from ase.md.langevin import Langevin
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution

    atoms = start.copy()
    MaxwellBoltzmannDistribution(atoms, temperature_K=300, rng=np.random.default_rng(1))
    atoms.calc = calculator
    dynamics = Langevin(atoms, units.fs, temperature_K=300, friction=0.02 / units.fs, rng=np.random.default_rng(1))
    dynamics.run(1)

    def block() -> float:
        started = time.perf_counter()
        dynamics.run(STEPS)
        return (time.perf_counter() - started) / STEPS

    return block


def engine(name: str, start: Atoms, potential: Any, **words: Any) -> Callable[[], float]:
    """An engine of Whet; each call is a run of a block, its first evaluation counted as a step."""
    here = registry()
    spec = Spec(name, {"production": STEPS - 1, "every": STEPS - 1, **words})
    made = here.load(here.resolve("md_engines", spec))

    def block() -> float:
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            run_trajectory(made, Start(start, 1, Path(folder)), potential, lambda done, total: None)
            return (time.perf_counter() - started) / STEPS

    return block


def compare(name: str, start: Atoms, engines: Sequence[str]) -> None:
    """One line a way of running."""
    timed = Timed(whet.load(name))
    ways = {"same calculator": script(start, _calculator(timed))}
    if (own := upstream(name, timed)) is not None:
        ways["upstream"] = script(start, own)
    ways |= {one: engine(one, start, timed) for one in engines}
    least, outside = dict.fromkeys(ways, np.inf), dict.fromkeys(ways, np.inf)
    for _ in range(BLOCKS):
        for way, block in ways.items():
            timed.seconds = 0.0
            spent = block()
            least[way] = min(least[way], spent)
            outside[way] = min(outside[way], spent - timed.seconds / STEPS)
    base = least["same calculator"]
    sys.stdout.write(f"{name}, {len(start)} atoms, {1000 * base:.1f} ms a step\n")
    for way, spent in least.items():
        told = f"{spent / base:7.3f} of the same calculator in a script"
        if way != "upstream":
            extra = (outside[way] - outside["same calculator"]) / base
            told += f", outside {1e6 * outside[way]:6.0f} µs a step, overhead {100 * extra:+.2f} %"
        if own is not None:
            told += f", {spent / least['upstream']:.3f} of upstream"
        sys.stdout.write(f"  {way:<16}{told}\n")


def drift(name: str, start: Atoms, picoseconds: float) -> None:
    """The slope of the total energy in nve at 300 K, 1 fs."""
    steps = int(picoseconds * 1000) // 100 * 100
    here = registry()
    spec = Spec("ase-md", {"ensemble": "nve", "equilibration": 0, "production": steps, "every": 10})
    made = here.load(here.resolve("md_engines", spec))
    with tempfile.TemporaryDirectory() as folder:
        found = run_trajectory(made, Start(start, 1, Path(folder)), whet.load(name), lambda done, total: None)
        total = np.array([Labels.of(one).energy + one.get_kinetic_energy() for one in found.frames])
    per_atom, times = 1000 * total / len(start), np.array(found.times) * 1e-6
    slope = np.polyfit(times, per_atom, 1)[0]
    blocks = [
        np.polyfit(t, e, 1)[0] for t, e in zip(np.array_split(times, 10), np.array_split(per_atom, 10), strict=True)
    ]
    # Slopes of short blocks scatter by (10)^(3/2) more than that of the whole, where what remains is noise.
    error = np.std(blocks, ddof=1) / 10**1.5
    sys.stdout.write(
        f"{name}: drift {slope:+.3g} ± {error:.2g} meV/atom/ns over {times[-1] * 1000:g} ps, {len(start)} atoms, 1 fs, "
        f"300 K ({found.end or 'complete'}); fluctuation {per_atom.std():.2g} meV/atom\n"
    )


def _calculator(timed: Timed) -> Any:
    from whet.contracts.calculator import PotentialCalculator

    return PotentialCalculator(timed)  # pyright: ignore[reportArgumentType]


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("potentials", nargs="*", default=["chgnet", "mace:small"])
    parser.add_argument("--engine", action="append", help="engine to time (default: all that are bundled)")
    parser.add_argument("--frames", type=Path, help="file whose first structure is run")
    parser.add_argument("--drift", type=float, metavar="PS", help="follow the total energy for so many picoseconds")
    given = parser.parse_args()
    data = os.environ.get("WHET_REFERENCE_DATA")
    path = given.frames or (Path(data) / "lgps" / "test-50.extxyz" if data else None)
    if path is None:
        parser.error("give --frames FILE, or set WHET_REFERENCE_DATA")
    start = whet.read_structures(path)[0]
    for name in given.potentials:
        if given.drift:
            drift(name, start, given.drift)
        else:
            compare(name, start, given.engine or ["ase-md", "lammps", "torch-sim"])


if __name__ == "__main__":
    main()
