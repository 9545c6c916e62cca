"""CP2K itself: a crystal, a liquid, isolated atoms, and what goes wrong. Slow."""

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

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("cp2k.psmp") is None, reason="CP2K is not installed: see the README of whet-cp2k"),
]


def answer(frame: Atoms, folder: Path, **options: Any) -> Labels | Failure:
    labeler = registry().load(registry().resolve("labelers", Spec("cp2k", {"relative_cutoff": 500.0, **options})))
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
    frame = bulk("Si", "diamond", a=5.43, cubic=True)
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
    options = {"cutoff": 1500.0, "k_spacing": 1.0, "smearing": 0.5, "convergence": 1e-7}
    frame = silicon()
    labels = label(frame, tmp_path, **options)
    assert labels.forces[2, 1] == pytest.approx(force_by_energies(frame, 2, 1, tmp_path, **options), abs=5e-4)
    energies, step = [], 0.005
    for sign in (1, -1):
        strained = frame.copy()
        strained.set_cell(frame.cell.array * (1 + sign * step), scale_atoms=True)
        energies.append(label(strained, tmp_path, **options).energy)
    slope = (energies[0] - energies[1]) / (2 * step) / frame.get_volume()
    assert labels.stress is not None
    assert np.trace(labels.stress) == pytest.approx(slope, abs=5e-4)  # the grid changes with the cell


def test_a_liquid(tmp_path: Path) -> None:
    options = {"cutoff": 4000.0, "k_spacing": 10.0}
    frame = water()
    labels = label(frame, tmp_path, **options)
    atom, axis = np.unravel_index(np.abs(labels.forces).argmax(), labels.forces.shape)
    slope = force_by_energies(frame, int(atom), int(axis), tmp_path, **options)
    assert labels.forces[atom, axis] == pytest.approx(slope, abs=0.01)


def test_isolated_atoms(tmp_path: Path) -> None:
    options = {"cutoff": 2500.0}
    oxygen, hydrogen = (label(isolated_atom(symbol), tmp_path, **options) for symbol in "OH")
    assert oxygen.extra["magmoms"] == pytest.approx([2.0], abs=1e-3) and oxygen.stress is None
    assert hydrogen.extra["magmoms"] == pytest.approx([1.0], abs=1e-3)
    assert hydrogen.energy == pytest.approx(-13.6, abs=1.1)  # half a Hartree, less what the small basis lacks


def test_faults(tmp_path: Path) -> None:
    options = {"cutoff": 1500.0, "k_spacing": 10.0}
    late = answer(silicon(), tmp_path, timeout=1.0, **options)
    assert isinstance(late, Failure) and late.reason == "it took longer than its 1 s"
    few = answer(silicon(), tmp_path, max_iterations=3, **options)
    assert isinstance(few, Failure) and few.reason.endswith("self-consistency was not reached in 3 iterations")
    assert isinstance(answer(silicon(), tmp_path, **options), Labels)  # more iterations: it is run again
    nonsense = {"FORCE_EVAL": {"DFT": {"SCF": {"NONSENSE": 1}}}}
    wrong = answer(silicon(), tmp_path, input=nonsense, **options)
    assert isinstance(wrong, Failure) and "unknown keyword NONSENSE in section SCF" in wrong.reason
    none = answer(silicon(), tmp_path, potential="GTH-NONE", **options)
    assert isinstance(none, Failure) and "Si has no potential 'GTH-NONE' in GTH_POTENTIALS" in none.reason
