"""pw.x itself: a crystal, a liquid, isolated atoms, +U, and what goes wrong. Slow."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from whet import Failure, Labels, isolated_atom
from whet.testing.single_points import SinglePoints, largest, liquid_water, silicon_crystal

FOLDER = Path("/usr/share/espresso/pseudo")
SILICON = {"Si": "Si.pz-vbc.UPF"}
WATER = {"H": "H.pbe-kjpaw.UPF", "O": "O.pbe-kjpaw.UPF"}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("pw.x") is None or not FOLDER.is_dir(),
        reason="Quantum ESPRESSO is not installed: see the README of whet-espresso",
    ),
]


@pytest.fixture
def code(tmp_path: Path) -> SinglePoints:
    return SinglePoints("espresso", tmp_path, pseudo_folder=str(FOLDER))


def test_a_crystal(code: SinglePoints) -> None:
    # At 0.5 eV of smearing the entropy counts: only the free energy has these derivatives.
    bands = {"SYSTEM": {"nbnd": 48}}
    options = {"pseudopotentials": SILICON, "cutoff": 400.0, "k_spacing": 1.3, "smearing": 0.5, "input": bands}
    frame = silicon_crystal(5.2)
    labels = code.labels(frame, **options)
    assert labels.forces[2, 1] == pytest.approx(code.force(frame, 2, 1, **options), abs=5e-4)
    assert labels.stress is not None
    # A strain that keeps the volume keeps the number of plane waves; one that does not misses what they gain (Pulay).
    for strain, off in ((np.array([[0, 0, 0], [0, 0, 0.5], [0, 0.5, 0]]), 1e-4), (np.eye(3), 5e-3)):
        slope = code.stress(frame, strain, **options)
        assert np.sum(labels.stress * strain) == pytest.approx(slope, abs=off)
    assert np.trace(labels.stress) < -0.1


def test_a_liquid(code: SinglePoints) -> None:
    options = {"pseudopotentials": WATER, "cutoff": 340.0, "density_cutoff": 1700.0, "k_spacing": 10.0}
    frame = liquid_water()
    labels = code.labels(frame, **options)
    most = largest(labels.forces)
    slope = code.force(frame, *most, **options)
    assert labels.forces[most] == pytest.approx(slope, abs=0.01)


def test_isolated_atoms(code: SinglePoints) -> None:
    options = {"pseudopotentials": WATER, "cutoff": 300.0, "density_cutoff": 1200.0}
    oxygen, hydrogen = (code.labels(isolated_atom(symbol), **options) for symbol in "OH")
    assert oxygen.extra["magmoms"] == pytest.approx([2.0], abs=1e-2) and oxygen.stress is None
    assert hydrogen.extra["magmoms"] == pytest.approx([1.0], abs=1e-2)
    assert hydrogen.energy == pytest.approx(-13.6, abs=0.1)  # half a Hartree


def test_plus_u(code: SinglePoints, tmp_path: Path) -> None:
    iron = bulk("Fe", cubic=True)
    iron.set_initial_magnetic_moments([2.5, 2.5])
    options = {
        "pseudopotentials": {"Fe": "Fe.pbe-nd-rrkjus.UPF"},
        "cutoff": 330.0,
        "density_cutoff": 2000.0,
        "k_spacing": 1.2,
        "smearing": 0.2,
        "convergence": 2e-4,
    }
    plain = code.labels(iron, **options)
    answers = [
        SinglePoints("espresso", tmp_path / how, **code.options).answer(
            iron, hubbard_u={"Fe-3d": 4.0}, hubbard_input=how, **options
        )
        for how in ("card", "namelist")
    ]
    energies = [found.energy for found in answers if isinstance(found, Labels)]
    reasons = [found.reason for found in answers if isinstance(found, Failure)]
    assert len(energies) == 1 and energies[0] > plain.energy + 1  # each version knows one of the two
    assert "before version 7.1" in reasons[0] or "HUBBARD" in reasons[0]


def test_faults(code: SinglePoints) -> None:
    options = {"pseudopotentials": SILICON, "cutoff": 220.0, "k_spacing": 10.0}
    late = code.answer(silicon_crystal(5.2), timeout=0.1, **options)
    assert isinstance(late, Failure) and late.reason == "it took longer than its 0.1 s"
    few = code.answer(silicon_crystal(5.2), max_iterations=3, **options)
    assert isinstance(few, Failure) and few.reason.endswith("self-consistency was not reached in 3 iterations")
    assert isinstance(code.answer(silicon_crystal(5.2), **options), Labels)  # more iterations: it is run again
    wrong = code.answer(silicon_crystal(5.2), input={"SYSTEM": {"nonsense": 1}}, **options)
    assert isinstance(wrong, Failure) and "bad line in namelist &system" in wrong.reason
