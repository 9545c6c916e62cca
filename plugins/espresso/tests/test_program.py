"""pw.x itself: a crystal, a liquid, isolated atoms, +U, and what goes wrong. Slow."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from whet import Failure, Labels, Spec, isolated_atom
from whet.plugins.registry import registry

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


def answer(frame: Atoms, folder: Path, **options: Any) -> Labels | Failure:
    labeler = registry().load(
        registry().resolve("labelers", Spec("espresso", {"pseudo_folder": str(FOLDER), **options}))
    )
    (found,) = labeler.label([frame], folder)
    return found


def label(frame: Atoms, folder: Path, **options: Any) -> Labels:
    found = answer(frame, folder, **options)
    assert isinstance(found, Labels), found
    return found.checked(len(frame))


def force_by_energies(frame: Atoms, atom: int, axis: int, folder: Path, **options: Any) -> float:
    energies, step = [], 0.01
    for sign in (1, -1):
        moved = frame.copy()
        moved.positions[atom, axis] += sign * step
        energies.append(label(moved, folder, **options).energy)
    return -(energies[0] - energies[1]) / (2 * step)


def silicon() -> Atoms:
    """Compressed, so that the stress is large."""
    frame = bulk("Si", "diamond", a=5.2, cubic=True)
    frame.rattle(0.05, seed=1)
    return frame


def water() -> Atoms:
    """Eight molecules at 1 g/cm³, placed at random."""
    rng = np.random.default_rng(0)
    length = (8 * 18.015 / 0.60221) ** (1 / 3)
    frame = Atoms(cell=[length] * 3, pbc=True)
    while len(frame) < 24:
        one = molecule("H2O")
        one.euler_rotate(*rng.uniform(0, 360, 3))
        one.translate(rng.uniform(0, length, 3))
        tried = frame + one
        if len(frame) == 0 or tried.get_all_distances(mic=True)[-3:, : len(frame)].min() > 1.55:
            frame = tried
    return frame


def test_a_crystal(tmp_path: Path) -> None:
    # At 0.5 eV of smearing the entropy counts: only the free energy has these derivatives.
    bands = {"SYSTEM": {"nbnd": 48}}
    options = {"pseudopotentials": SILICON, "cutoff": 400.0, "k_spacing": 1.3, "smearing": 0.5, "input": bands}
    frame = silicon()
    labels = label(frame, tmp_path, **options)
    assert labels.forces[2, 1] == pytest.approx(force_by_energies(frame, 2, 1, tmp_path, **options), abs=5e-4)
    assert labels.stress is not None
    step = 0.005
    # A strain that keeps the volume keeps the number of plane waves; one that does not misses what they gain (Pulay).
    for strain, off in ((np.array([[0, 0, 0], [0, 0, 0.5], [0, 0.5, 0]]), 1e-4), (np.eye(3), 5e-3)):
        energies = []
        for sign in (1, -1):
            strained = frame.copy()
            strained.set_cell(frame.cell.array @ (np.eye(3) + sign * step * strain), scale_atoms=True)
            energies.append(label(strained, tmp_path, **options).energy)
        slope = (energies[0] - energies[1]) / (2 * step) / frame.get_volume()
        assert np.sum(labels.stress * strain) == pytest.approx(slope, abs=off)
    assert np.trace(labels.stress) < -0.1


def test_a_liquid(tmp_path: Path) -> None:
    options = {"pseudopotentials": WATER, "cutoff": 340.0, "density_cutoff": 1700.0, "k_spacing": 10.0}
    frame = water()
    labels = label(frame, tmp_path, **options)
    atom, axis = np.unravel_index(np.abs(labels.forces).argmax(), labels.forces.shape)
    slope = force_by_energies(frame, int(atom), int(axis), tmp_path, **options)
    assert labels.forces[atom, axis] == pytest.approx(slope, abs=0.01)


def test_isolated_atoms(tmp_path: Path) -> None:
    options = {"pseudopotentials": WATER, "cutoff": 300.0, "density_cutoff": 1200.0}
    oxygen, hydrogen = (label(isolated_atom(symbol), tmp_path, **options) for symbol in "OH")
    assert oxygen.extra["magmoms"] == pytest.approx([2.0], abs=1e-2) and oxygen.stress is None
    assert hydrogen.extra["magmoms"] == pytest.approx([1.0], abs=1e-2)
    assert hydrogen.energy == pytest.approx(-13.6, abs=0.1)  # half a Hartree


def test_plus_u(tmp_path: Path) -> None:
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
    plain = label(iron, tmp_path, **options)
    answers = [
        answer(iron, tmp_path / how, hubbard_u={"Fe-3d": 4.0}, hubbard_input=how, **options)
        for how in ("card", "namelist")
    ]
    energies = [found.energy for found in answers if isinstance(found, Labels)]
    reasons = [found.reason for found in answers if isinstance(found, Failure)]
    assert len(energies) == 1 and energies[0] > plain.energy + 1  # each version knows one of the two
    assert "before version 7.1" in reasons[0] or "HUBBARD" in reasons[0]


def test_faults(tmp_path: Path) -> None:
    options = {"pseudopotentials": SILICON, "cutoff": 220.0, "k_spacing": 10.0}
    late = answer(silicon(), tmp_path, timeout=0.1, **options)
    assert isinstance(late, Failure) and late.reason == "it took longer than its 0.1 s"
    few = answer(silicon(), tmp_path, max_iterations=3, **options)
    assert isinstance(few, Failure) and few.reason.endswith("self-consistency was not reached in 3 iterations")
    assert isinstance(answer(silicon(), tmp_path, **options), Labels)  # more iterations: it is run again
    wrong = answer(silicon(), tmp_path, input={"SYSTEM": {"nonsense": 1}}, **options)
    assert isinstance(wrong, Failure) and "bad line in namelist &system" in wrong.reason
