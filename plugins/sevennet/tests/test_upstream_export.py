"""An exported checkpoint is read by SevenNet's own calculator, with the energies of the shifted potential."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from whet import Potential, Spec
from whet.plugins.registry import registry


def shifted(shift: dict[str, float], name: str, **options: Any) -> Potential:
    found = registry().resolve("potentials", Spec(name, options))
    return registry().load(replace(found, energy_shift=shift))


def agree(potential: Potential, frames: list[Atoms], folder: Path) -> None:
    """Upstream's calculator, and Whet by the path, answer as the shifted potential, to the digits of float32."""
    made = potential.export(folder)
    space: dict = {"model": str(made.path)}
    exec(made.python, space)
    spec = Spec(potential.name, {"model": str(made.path), **made.options})
    again: Potential = registry().load(registry().resolve("potentials", spec))
    assert again.energy_shift == {}
    for atoms, labels, read in zip(frames, potential.evaluate(frames), again.evaluate(frames), strict=True):
        atoms.calc = space["calculator"]
        close = pytest.approx(labels.energy, abs=2e-6 * len(atoms), rel=2e-7)
        assert atoms.get_potential_energy() == close and read.energy == close
        np.testing.assert_allclose(atoms.get_forces(), labels.forces, atol=2e-5)
        assert labels.stress is not None
        np.testing.assert_allclose(atoms.get_stress(voigt=False), labels.stress, atol=1e-6)


def structures() -> list[Atoms]:
    made = [
        bulk("NaCl", "rocksalt", 5.6, cubic=True),
        bulk("Na", cubic=True) * (3, 1, 1),
        bulk("NaCl", "rocksalt", 5.6),
    ]
    for seed, atoms in enumerate(made):
        atoms.rattle(0.05, seed=seed)
    return made


@pytest.mark.parametrize("options", [{"model": "7net-0"}, {"model": "7net-mf-0", "modal": "R2SCAN"}], ids=str)
def test_upstream_has_the_energies_of_the_labels_theory(options: dict[str, str], tmp_path: Path) -> None:
    agree(shifted({"Na": -1234.56789, "Cl": 432.1}, "sevennet", **options), structures(), tmp_path)


def test_one_number_for_all_elements_becomes_one_for_each(tiny: Any, tmp_path: Path) -> None:
    checkpoint = str(tiny.files["checkpoint"])
    frames = [bulk("LiF", "rocksalt", 3.9, cubic=True), bulk("Li", cubic=True) * (2, 2, 2)]
    agree(shifted({"Li": -200.5, "F": 31.25}, "sevennet", model=checkpoint), frames, tmp_path)
