"""An exported model is read by `matgl.load_model`, with the energies of the shifted potential."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase.build import bulk

from upstream_calculator import assert_agree, rattled, shifted

SINGLE = {"per_atom": 2e-6, "rel": 2e-7}
"""eV, and of the energy: the digits of float32."""


@pytest.mark.parametrize("architecture", ["TensorNet", "M3GNet", "CHGNet", "QET"])
def test_upstream_has_the_energies_of_the_labels_theory(architecture: str, tmp_path: Path) -> None:
    chosen = {"model": "scratch", "architecture": architecture, "elements": ["Na", "Cl"], "size": "small"}
    frames = [bulk("NaCl", "rocksalt", 5.6, cubic=True), bulk("Na", cubic=True) * (3, 1, 1), bulk("Cl", "fcc", a=5.0)]
    potential = shifted({"Na": -1234.56789, "Cl": 432.1}, "matgl", **chosen)
    assert_agree(potential, rattled(frames), tmp_path, **SINGLE)


def test_an_exported_model_is_exported_again(tmp_path: Path) -> None:
    """Its reference energies are there then, and the shift is added to them."""
    chosen = {"model": "scratch", "elements": ["Na", "Cl"], "size": "small"}
    first = shifted({"Na": -5.25, "Cl": 3.125}, "matgl", **chosen).export(tmp_path / "first")
    again = shifted({"Na": 2.5, "Cl": -7.0}, "matgl", model=str(first.path))
    assert_agree(again, [bulk("NaCl", "rocksalt", 5.6)], tmp_path / "second", **SINGLE)
