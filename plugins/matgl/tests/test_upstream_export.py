"""An exported model is read by `matgl.load_model`, with the energies of the shifted potential."""

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


@pytest.mark.parametrize("architecture", ["TensorNet", "M3GNet", "CHGNet", "QET"])
def test_upstream_has_the_energies_of_the_labels_theory(architecture: str, tmp_path: Path) -> None:
    chosen = {"model": "scratch", "architecture": architecture, "elements": ["Na", "Cl"], "size": "small"}
    frames = [bulk("NaCl", "rocksalt", 5.6, cubic=True), bulk("Na", cubic=True) * (3, 1, 1), bulk("Cl", "fcc", a=5.0)]
    for seed, atoms in enumerate(frames):
        atoms.rattle(0.05, seed=seed)
    agree(shifted({"Na": -1234.56789, "Cl": 432.1}, "matgl", **chosen), frames, tmp_path)


def test_an_exported_model_is_exported_again(tmp_path: Path) -> None:
    """Its reference energies are there then, and the shift is added to them."""
    chosen = {"model": "scratch", "elements": ["Na", "Cl"], "size": "small"}
    first = shifted({"Na": -5.25, "Cl": 3.125}, "matgl", **chosen).export(tmp_path / "first")
    frames = [bulk("NaCl", "rocksalt", 5.6)]
    agree(shifted({"Na": 2.5, "Cl": -7.0}, "matgl", model=str(first.path)), frames, tmp_path / "second")
