"""Published potentials: their theory names the functional, and layers of graphite hold together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, graphene
from ase.stress import full_3x3_to_voigt_6_stress

from whet import InputError, UnknownName, load


@pytest.mark.parametrize(("model", "functional"), [("0.3.0", "pbe"), ("r2scan", "r2scan")])
def test_chgnet_is_corrected_by_its_own_functional(model: str, functional: str) -> None:
    pytest.importorskip("chgnet")
    from dftd3.ase import DFTD3

    atoms = bulk("NaCl", "rocksalt", 5.5, cubic=True)
    atoms.rattle(0.1, seed=1)
    (bare,) = load(f"chgnet:{model}").evaluate([atoms])
    (whole,) = load({"use": "d3", "potential": f"chgnet:{model}"}).evaluate([atoms])
    atoms.calc = DFTD3(method=functional, damping="d3bj", realspace_cutoff={"disp2": 25, "cn": 21.17, "width2": 2})
    assert whole.energy - bare.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
    np.testing.assert_allclose(whole.forces - bare.forces, atoms.get_forces(), atol=1e-9)
    assert whole.stress is not None and bare.stress is not None
    np.testing.assert_allclose(full_3x3_to_voigt_6_stress(whole.stress - bare.stress), atoms.get_stress(), atol=1e-11)
    np.testing.assert_array_equal(whole.extra["magmoms"], bare.extra["magmoms"])


def test_the_theory_of_published_weights_is_kept_to() -> None:
    pytest.importorskip("chgnet")
    with pytest.raises(InputError, match="is pbe, but `functional` is 'r2scan'"):
        load({"use": "d3", "potential": "chgnet", "functional": "r2scan"})
    with pytest.raises(UnknownName, match="With `damping:` bj"):
        load({"use": "d3", "potential": "chgnet:r2scan", "damping": "zero"})
    with pytest.raises(InputError, match="dispersion already"):
        load({"use": "d3", "potential": {"use": "d3", "potential": "chgnet"}})


@pytest.mark.slow
def test_graphite_holds_together(small_file: Path) -> None:
    """PBE without dispersion binds layers of graphene by some meV/atom at most; with D3(BJ) by some 25 at 3.3 Å."""
    part = {"use": "mace", "model": str(small_file), "dtype": "float64"}
    # The file is told by its content, so the functional is known.
    apart = np.arange(2.9, 4.6, 0.1)
    curves = []
    for given in (part, {"use": "d3", "potential": part}):
        potential = load(given)
        curves.append(
            1000 / 4 * (energies(potential, [bilayer(d) for d in apart]) - energies(potential, [bilayer(40)]))
        )
    bare, whole = curves
    assert bare.min() > -5
    assert -40 < whole.min() < -15
    assert 3.15 < apart[whole.argmin()] < 3.55


def bilayer(apart: float) -> Atoms:
    """Two stacked layers (AB), Å apart."""
    atoms = graphene() + graphene()
    atoms.positions[2:] += (0, 1.42, apart)
    atoms.pbc = (True, True, False)
    return atoms


def energies(potential: Any, frames: list[Atoms]) -> np.ndarray:
    return np.array([labels.energy for labels in potential.evaluate(frames, ("energy", "forces"))])
