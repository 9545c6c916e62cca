"""Where symmetry allows no force, what is there is noise, and no slope is read of it."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from whet import Labels
from whet.bias.errors import errors
from whet.bias.pairs import Comparison
from whet.bias.resampling import Resampling
from whet.bias.softening import softening
from whet.bias.symmetric_sites import is_balanced, zero_by_symmetry

FEW = Resampling(resamples=20)

CRYSTALS = {
    "fcc": bulk("Cu", cubic=True),
    "one atom": bulk("Cu"),
    "diamond": bulk("Si", cubic=True),
    "rocksalt": bulk("NaCl", "rocksalt", a=5.64, cubic=True),
    "caesium chloride": bulk("CsCl", "cesiumchloride", a=4.12),
    "supercell": bulk("NaCl", "rocksalt", a=5.64, cubic=True).repeat(2),
    "strained": bulk("Cu", cubic=True).copy(),
    "atom": Atoms("Ar"),
}
CRYSTALS["strained"].set_cell(CRYSTALS["strained"].cell.array @ np.diag([1.02, 0.99, 1.0]), scale_atoms=True)


def displaced(atoms: Atoms, by: float) -> Atoms:
    moved = atoms.copy()
    moved.positions[0] += [by, 0, 0]
    return moved


def compared(atoms: Atoms, noise: float, predicted: float = 1e-7, frames: int = 1) -> Comparison:
    draw = np.random.default_rng(1).normal
    n = len(atoms)
    truth = [Labels(-1.0, draw(scale=noise, size=(n, 3))).attach(atoms) for _ in range(frames)]
    answers = [Labels(-1.0, draw(scale=predicted, size=(n, 3))).attach(atoms) for _ in range(frames)]
    return Comparison.of(truth, answers)


@pytest.mark.parametrize("name", CRYSTALS)
def test_perfect_crystals_are_balanced(name: str) -> None:
    assert is_balanced(CRYSTALS[name])


@pytest.mark.parametrize("atoms", [displaced(CRYSTALS["supercell"], 0.02), molecule("H2O"), molecule("N2")])
def test_others_are_not(atoms: Atoms) -> None:
    assert not is_balanced(atoms)


@pytest.mark.parametrize("frames", [1, 3])
def test_no_scale_is_read_of_noise(frames: int) -> None:
    comparison = compared(CRYSTALS["rocksalt"], noise=1e-3, frames=frames)
    found = softening(comparison, FEW)
    assert (found.slopes.scale, found.slopes.r2, found.slopes.inverse_slope) == (None, None, None)
    assert found.curvature.bounds is None
    what = "this frame" if frames == 1 else "these 3 frames"
    assert found.verdict == (
        f"undecided: by symmetry the forces of {what} are zero (a perfect crystal), so there is no slope"
    )
    assert errors(comparison, resampling=FEW).relative_force_rmse is None
    assert errors(comparison, resampling=FEW).forces.mae > 0


def test_forces_that_are_there_are_read() -> None:
    assert not zero_by_symmetry(compared(displaced(CRYSTALS["supercell"], 0.02), noise=1e-3))
    assert not zero_by_symmetry(compared(CRYSTALS["rocksalt"], noise=0.1, predicted=0.1))
    assert softening(compared(CRYSTALS["rocksalt"], noise=0.1, predicted=0.1), FEW).slopes.scale is not None
