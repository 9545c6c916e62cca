"""CP2K itself: a crystal, a liquid, isolated atoms, and what goes wrong. Slow."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from whet import Failure, Labels, isolated_atom
from whet.testing.single_points import SinglePoints, largest, liquid_water, silicon_crystal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("cp2k.psmp") is None, reason="CP2K is not installed: see the README of whet-cp2k"),
]


@pytest.fixture
def code(tmp_path: Path) -> SinglePoints:
    return SinglePoints("cp2k", tmp_path, relative_cutoff=500.0)


def test_a_crystal(code: SinglePoints) -> None:
    # At 0.5 eV of smearing the entropy counts: only the free energy has these derivatives.
    options = {"cutoff": 1500.0, "k_spacing": 1.0, "smearing": 0.5, "convergence": 1e-7}
    frame = silicon_crystal(5.43)
    labels = code.labels(frame, **options)
    assert labels.forces[2, 1] == pytest.approx(code.force(frame, 2, 1, **options), abs=5e-4)
    slope = code.stress(frame, np.eye(3), **options)
    assert labels.stress is not None
    assert np.trace(labels.stress) == pytest.approx(slope, abs=5e-4)  # the grid changes with the cell


def test_a_liquid(code: SinglePoints) -> None:
    options = {"cutoff": 4000.0, "k_spacing": 10.0}
    frame = liquid_water()
    labels = code.labels(frame, **options)
    most = largest(labels.forces)
    slope = code.force(frame, *most, **options)
    assert labels.forces[most] == pytest.approx(slope, abs=0.01)


def test_isolated_atoms(code: SinglePoints) -> None:
    options = {"cutoff": 2500.0}
    oxygen, hydrogen = (code.labels(isolated_atom(symbol), **options) for symbol in "OH")
    assert oxygen.extra["magmoms"] == pytest.approx([2.0], abs=1e-3) and oxygen.stress is None
    assert hydrogen.extra["magmoms"] == pytest.approx([1.0], abs=1e-3)
    assert hydrogen.energy == pytest.approx(-13.6, abs=1.1)  # half a Hartree, less what the small basis lacks


def test_faults(code: SinglePoints) -> None:
    options = {"cutoff": 1500.0, "k_spacing": 10.0}
    late = code.answer(silicon_crystal(5.43), timeout=1.0, **options)
    assert isinstance(late, Failure) and late.reason == "it took longer than its 1 s"
    few = code.answer(silicon_crystal(5.43), max_iterations=3, **options)
    assert isinstance(few, Failure) and few.reason.endswith("self-consistency was not reached in 3 iterations")
    assert isinstance(code.answer(silicon_crystal(5.43), **options), Labels)  # more iterations: it is run again
    nonsense = {"FORCE_EVAL": {"DFT": {"SCF": {"NONSENSE": 1}}}}
    wrong = code.answer(silicon_crystal(5.43), input=nonsense, **options)
    assert isinstance(wrong, Failure) and "unknown keyword NONSENSE in section SCF" in wrong.reason
    none = code.answer(silicon_crystal(5.43), potential="GTH-NONE", **options)
    assert isinstance(none, Failure) and "Si has no potential 'GTH-NONE' in GTH_POTENTIALS" in none.reason
