"""GPAW itself: a crystal, a liquid, isolated atoms, and what goes wrong. Slow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from whet import Failure, Labels, isolated_atom
from whet.testing.single_points import SinglePoints, largest, liquid_water, silicon_crystal

pytest.importorskip("gpaw", reason="GPAW is not installed: see the README of whet-gpaw")
pytestmark = pytest.mark.slow


@pytest.fixture
def code(tmp_path: Path) -> SinglePoints:
    return SinglePoints("gpaw", tmp_path)


def test_a_crystal(code: SinglePoints) -> None:
    # At 0.2 eV of smearing the entropy counts: only the free energy has these derivatives.
    options = {"cutoff": 400.0, "k_spacing": 1.3, "smearing": 0.2, "density": 1e-6}
    frame = silicon_crystal(5.2)
    labels = code.labels(frame, **options)
    assert labels.forces[2, 1] == pytest.approx(code.force(frame, 2, 1, **options), abs=2e-3)
    slope = code.stress(frame, np.eye(3), **options)
    assert labels.stress is not None
    assert np.trace(labels.stress) == pytest.approx(slope, abs=5e-3)  # Pulay: plane waves that the cell gains
    assert slope < -0.1


def test_a_liquid(code: SinglePoints) -> None:
    options = {"cutoff": 300.0, "k_spacing": 10.0, "xc": "PBE"}
    frame = liquid_water()
    labels = code.labels(frame, **options)
    most = largest(labels.forces)
    slope = code.force(frame, *most, **options)
    assert labels.forces[most] == pytest.approx(slope, abs=0.02)


def test_isolated_atoms(code: SinglePoints) -> None:
    # GPAW counts from atoms without spin: what is left is the energy of polarization, known for PBE.
    hydrogen = code.labels(isolated_atom("H", box=8.0), cutoff=400.0)
    assert hydrogen.energy == pytest.approx(-1.1, abs=0.05) and hydrogen.stress is None
    assert code.labels(isolated_atom("O", box=7.0), cutoff=600.0).energy < -1.5


def test_faults(code: SinglePoints) -> None:
    options = {"cutoff": 200.0, "k_spacing": 10.0, "xc": "LDA"}
    late = code.answer(silicon_crystal(5.2), timeout=0.5, **options)
    assert isinstance(late, Failure) and late.reason == "it took longer than its 0.5 s"
    few = code.answer(silicon_crystal(5.2), max_iterations=3, **options)
    assert isinstance(few, Failure) and few.reason == "self-consistency was not reached in 3 iterations"
    assert isinstance(code.answer(silicon_crystal(5.2), **options), Labels)  # more iterations: it is run again
