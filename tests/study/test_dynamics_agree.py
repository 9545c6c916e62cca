"""MD engines agree: step by step where no chance is in it, in their distributions where there is.

Noise: the same physics twice, in arithmetic that rounds. A start that is shifted or turned as a whole has, in exact
arithmetic, the same energies at every step; in the potential's own precision it has slightly different ones, and this
difference is all that one may ask of two engines that call the potential with other last bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk

from whet import Labels, Potential, Spec, Start, Trajectory, degrees_of_freedom, run_trajectory
from whet.plugins.registry import registry
from whet.testing import LennardJones

pytestmark = pytest.mark.slow

NVE: Mapping[str, Any] = {"ensemble": "nve", "temperature": 300.0, "timestep": 1.0, "production": 200, "every": 1}

BLOCKS = 12
ERRORS = 4.0
"""How many standard errors two means may be apart; some 30 comparisons are made here, of fixed seeds."""


def run(use: str, start: Atoms, potential: Potential, folder: Path, **words: Any) -> Trajectory:
    engine = registry().load(registry().resolve("md_engines", Spec(use, words)))
    made = run_trajectory(engine, Start(start, 1, folder), potential, lambda done, total: None)
    assert made.end is None, f"{use} ended with {made.end}"
    return made


def potential_of(name: str, **options: Any) -> Potential:
    return registry().load(registry().resolve("potentials", Spec(name, options)))


# -- step by step ------------------------------------------------------------------------------------------------------


def salt() -> Atoms:
    """8 atoms of NaCl, off their sites."""
    atoms = bulk("NaCl", "rocksalt", 5.64, cubic=True)
    atoms.rattle(0.05, seed=1)
    return atoms


def total_energies(made: Trajectory) -> np.ndarray:
    """(n_steps + 1,) eV, of all atoms."""
    return np.array([Labels.of(frame).energy + frame.get_kinetic_energy() for frame in made.frames])


def moved(start: Atoms, momenta: np.ndarray) -> dict[str, Atoms]:
    """The start with its momenta, shifted as a whole and turned as a whole: the same physics."""
    shifted, turned = start.copy(), start.copy()
    shifted.positions += (0.31, 0.17, 0.23)
    shifted.set_momenta(momenta)
    turned.rotate(37.0, (1, 2, 3), rotate_cell=True)
    turn = np.linalg.solve(start.cell.array, turned.cell.array)
    turned.set_momenta(momenta @ turn)
    return {"shifted": shifted, "turned": turned}


@dataclass(frozen=True)
class Comparison:
    """Largest differences of total energies along a run from that of ase-md, eV: of other engines, and of noise."""

    engines: Mapping[str, float]
    noise: Mapping[str, float]
    swing: float

    def __str__(self) -> str:
        parts = [f"{name} {value:.2g}" for name, value in {**self.engines, **self.noise}.items()]
        return f"largest differences of the total energy from ase-md, eV: {', '.join(parts)}"


def compared(potential: Potential, folder: Path) -> Comparison:
    """200 steps from one start with ase-md, the other engines, and ase-md again from moved copies of the start.

    swing: eV by which the potential energy changed, without which agreement would mean nothing.
    """
    start = salt()
    made = run("ase-md", start, potential, folder / "ase-md", **NVE)
    own = total_energies(made)
    engines, noise = {}, {}
    for use in ("lammps", "torch-sim"):
        found = total_energies(run(use, start, potential, folder / use, **NVE))
        engines[use] = float(np.abs(found - own).max())
    for name, copy in moved(start, made.frames[0].get_momenta()).items():
        found = total_energies(run("ase-md", copy, potential, folder / name, **NVE, velocities="start"))
        noise[name] = float(np.abs(found - own).max())
    swing = float(np.ptp([Labels.of(frame).energy for frame in made.frames]))
    return Comparison(engines, noise, swing)


@pytest.fixture
def mace(reference_data: Path, monkeypatch: pytest.MonkeyPatch) -> Potential:
    """MACE-MP-0 small in float64."""
    folder = reference_data / "weights" / "mace"
    if not folder.is_dir():
        pytest.skip(f"no weights of MACE-MP-0 small: there is no folder {folder}")
    monkeypatch.setenv("WHET_MODELS", str(folder))
    return potential_of("mace", model="small", dtype="float64")


def test_engines_agree_step_by_step_in_float64(mace: Potential, tmp_path: Path) -> None:
    """To 1e-5 eV, for all atoms; the noise is that of rounding and of the constants of LAMMPS's units (1e-9)."""
    found = compared(mace, tmp_path)
    print(found)
    assert found.swing > 0.01
    assert max(found.engines.values()) < 1e-5, str(found)
    assert max(found.noise.values()) < 1e-5, str(found)


def test_engines_agree_within_the_noise_of_float32(tmp_path: Path) -> None:
    """CHGNet computes in float32: engines may differ by five times what moving the start as a whole does.

    A shift by a lattice vector would not do: CHGNet's graph is the same to the last bit, and the noise zero.
    """
    found = compared(potential_of("chgnet"), tmp_path)
    print(found)
    assert found.swing > 0.01
    noise = max(found.noise.values())
    # 30 eV are known to 2e-6 in float32: neither less than the last bit nor so much that anything would agree.
    assert 1e-7 < noise < 1e-4, str(found)
    assert max(found.engines.values()) < 5 * noise, str(found)


# -- distributions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Estimate:
    """A number and its standard error."""

    value: float
    error: float

    def apart(self, other: Estimate) -> float:
        """Distance in combined standard errors."""
        return abs(self.value - other.value) / float(np.hypot(self.error, other.error))

    def __str__(self) -> str:
        return f"{self.value:.4g} ± {self.error:.2g}"


def mean_and_spread(series: np.ndarray) -> tuple[Estimate, Estimate]:
    """Mean and standard deviation of a correlated series, with errors from blocks longer than its memory."""
    blocks = series[: len(series) // BLOCKS * BLOCKS].reshape(BLOCKS, -1)
    variances = ((blocks - blocks.mean()) ** 2).mean(axis=1)
    spread = float(np.sqrt(variances.mean()))
    by_root = 1 / np.sqrt(BLOCKS)
    mean = Estimate(float(blocks.mean()), float(blocks.mean(axis=1).std(ddof=1) * by_root))
    return mean, Estimate(spread, float(variances.std(ddof=1) * by_root / (2 * spread)))


def argon() -> Atoms:
    """32 atoms at 1.23 g/cm³; the box stays wider than twice the cutoff."""
    return bulk("Ar", "fcc", a=6.0, cubic=True) * 2


def observed(made: Trajectory) -> dict[str, np.ndarray]:
    """Series of temperature (K), potential energy (eV) and volume (Å³)."""
    freedom = degrees_of_freedom(made.frames[0])
    return {
        "temperature": np.array([2 * one.get_kinetic_energy() / (freedom * units.kB) for one in made.frames]),
        "potential energy": np.array([Labels.of(one).energy for one in made.frames]),
        "volume": np.array([one.get_volume() for one in made.frames]),
    }


def check_distributions(folder: Path, names: tuple[str, ...], **words: Any) -> None:
    """ase-md and lammps agree in means and standard deviations, and with what is exactly known of the temperature."""
    given = {"temperature": 100.0, "timestep": 4.0, "equilibration": 2500, "every": 5, **words}
    runs = {use: observed(run(use, argon(), LennardJones(), folder / use, **given)) for use in ("ase-md", "lammps")}
    spread = given["temperature"] * np.sqrt(2 / degrees_of_freedom(argon()))
    exact = {"temperature": (Estimate(given["temperature"], 0.0), Estimate(float(spread), 0.0))}
    told, far = [], []
    for name in names:
        first, second = (mean_and_spread(series[name]) for series in runs.values())
        pairs = list(zip((f"mean {name}", f"spread of {name}"), first, second, strict=True))
        for (what, one, other), known in zip(pairs, exact.get(name, (None, None)), strict=True):
            told.append(f"{what}: ase-md {one}, lammps {other}" + (f", exactly {known.value:.4g}" if known else ""))
            distances = [one.apart(other)] + ([one.apart(known), other.apart(known)] if known else [])
            if not max(distances) < ERRORS:
                far.append(what)
    print(*told, sep="\n")
    assert not far, f"{', '.join(far)} differ\n" + "\n".join(told)


@pytest.mark.parametrize("thermostat", ["langevin", "nose-hoover"])
def test_nvt_is_the_same_ensemble(thermostat: str, tmp_path: Path) -> None:
    """80 ps in 12 blocks: told apart would be temperatures by 1.5 to 2.5 K, potential energies by 15 to 25 meV."""
    names = ("temperature", "potential energy")
    check_distributions(tmp_path, names, ensemble="nvt", thermostat=thermostat, production=20_000)


def test_npt_is_the_same_ensemble(tmp_path: Path) -> None:
    """A liquid at 500 bar, 120 ps in 12 blocks: told apart would be volumes by 3 %."""
    names = ("temperature", "potential energy", "volume")
    check_distributions(tmp_path, names, ensemble="npt", pressure=500.0, production=30_000)
