"""GPAW itself: a crystal, a liquid, isolated atoms, and what goes wrong. Slow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from whet import Failure, Labels, Spec, isolated_atom
from whet.plugins.registry import registry

pytest.importorskip("gpaw", reason="GPAW is not installed: see the README of whet-gpaw")
pytestmark = pytest.mark.slow


def answer(frame: Atoms, folder: Path, **options: Any) -> Labels | Failure:
    labeler = registry().load(registry().resolve("labelers", Spec("gpaw", options)))
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
    # At 0.2 eV of smearing the entropy counts: only the free energy has these derivatives.
    options = {"cutoff": 400.0, "k_spacing": 1.3, "smearing": 0.2, "density": 1e-6}
    frame = silicon()
    labels = label(frame, tmp_path, **options)
    assert labels.forces[2, 1] == pytest.approx(force_by_energies(frame, 2, 1, tmp_path, **options), abs=2e-3)
    energies, step = [], 0.005
    for sign in (1, -1):
        strained = frame.copy()
        strained.set_cell(frame.cell.array * (1 + sign * step), scale_atoms=True)
        energies.append(label(strained, tmp_path, **options).energy)
    slope = (energies[0] - energies[1]) / (2 * step) / frame.get_volume()
    assert labels.stress is not None
    assert np.trace(labels.stress) == pytest.approx(slope, abs=5e-3)  # Pulay: plane waves that the cell gains
    assert slope < -0.1


def test_a_liquid(tmp_path: Path) -> None:
    options = {"cutoff": 300.0, "k_spacing": 10.0, "xc": "PBE"}
    frame = water()
    labels = label(frame, tmp_path, **options)
    atom, axis = np.unravel_index(np.abs(labels.forces).argmax(), labels.forces.shape)
    slope = force_by_energies(frame, int(atom), int(axis), tmp_path, **options)
    assert labels.forces[atom, axis] == pytest.approx(slope, abs=0.02)


def test_isolated_atoms(tmp_path: Path) -> None:
    # GPAW counts from atoms without spin: what is left is the energy of polarization, known for PBE.
    hydrogen = label(isolated_atom("H", box=8.0), tmp_path, cutoff=400.0)
    assert hydrogen.energy == pytest.approx(-1.1, abs=0.05) and hydrogen.stress is None
    assert label(isolated_atom("O", box=7.0), tmp_path, cutoff=600.0).energy < -1.5


def test_faults(tmp_path: Path) -> None:
    options = {"cutoff": 200.0, "k_spacing": 10.0, "xc": "LDA"}
    late = answer(silicon(), tmp_path, timeout=0.5, **options)
    assert isinstance(late, Failure) and late.reason == "it took longer than its 0.5 s"
    few = answer(silicon(), tmp_path, max_iterations=3, **options)
    assert isinstance(few, Failure) and few.reason == "self-consistency was not reached in 3 iterations"
    assert isinstance(answer(silicon(), tmp_path, **options), Labels)  # more iterations: it is run again
