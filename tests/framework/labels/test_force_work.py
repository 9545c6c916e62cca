"""Energies beside the work of forces and stresses: what is planted is found, and sound labels are left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.emt import EMT

from whet import Labels, read_labeled
from whet.data.units import GPA, HARTREE, KCAL_PER_MOL
from whet.labels.force_work import KEPT, ForceWork
from whet.labels.label_checks import LabelChecks


def copper(frames: int = 30, seed: int = 0) -> list[tuple[Atoms, Labels]]:
    """Rattled and strained copper with what ASE's own potential says."""
    random, found = np.random.default_rng(seed), []
    for _ in range(frames):
        atoms = bulk("Cu", cubic=True).repeat((2, 1, 1))
        strain = np.eye(3) + random.normal(scale=0.02, size=(3, 3))
        atoms.set_cell(np.asarray(atoms.cell) @ strain, scale_atoms=True)
        atoms.positions += random.normal(scale=0.05, size=(len(atoms), 3))
        atoms.calc = EMT()
        found.append((atoms, Labels(atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress(voigt=False))))
    return found


def said(labeled: Sequence[tuple[Atoms, Labels]]) -> tuple[str, str]:
    work = ForceWork()
    for frame, labels in labeled:
        work.add(frame, labels)
    return work.said() or ("", "")


def changed(
    labeled: Sequence[tuple[Atoms, Labels]], energy: float = 1, forces: float = 1, stress: float = 1
) -> list[tuple[Atoms, Labels]]:
    found = []
    for frame, labels in labeled:
        assert labels.stress is not None
        found.append((frame, Labels(energy * labels.energy, forces * labels.forces, stress * labels.stress)))
    return found


def test_labels_that_belong_together_are_left_alone() -> None:
    assert said(copper()) == ("", "")
    assert said([]) == ("", "")


@pytest.mark.parametrize(
    ("factors", "kind", "named"),
    [
        ({"forces": -1}, "forces-and-energies", "forces with the sign of gradients?"),
        ({"forces": 1 / KCAL_PER_MOL}, "forces-and-energies", "forces in kcal/mol/Å"),
        ({"forces": 1e3}, "forces-and-energies", "forces in meV/Å?"),
        ({"energy": 1 / HARTREE}, "forces-and-energies", "energies in Ha"),
        ({"energy": 1 / 8}, "forces-and-energies", "energies per atom"),
        ({"stress": -1}, "stresses-and-energies", "stresses of the opposite sign?"),
        ({"stress": 1 / GPA}, "stresses-and-energies", "stresses in GPa?"),
        ({"stress": 10 / GPA}, "stresses-and-energies", "stresses in kbar?"),
        ({"stress": 17}, "stresses-and-energies", "other units, or another theory?"),
    ],
)
def test_what_does_not_belong_together_is_named(factors: dict[str, float], kind: str, named: str) -> None:
    found, clause = said(changed(copper(), **factors))
    assert found == kind
    assert named in clause and " pairs of like frames" in clause


def test_a_molecule_in_the_open_is_judged_by_its_forces() -> None:
    random, labeled = np.random.default_rng(1), []
    for _ in range(15):
        atoms = molecule("CH4")
        atoms.positions += random.normal(scale=0.03, size=(len(atoms), 3))
        atoms.calc = EMT()
        labeled.append((atoms, Labels(atoms.get_potential_energy(), -atoms.get_forces())))
    assert "gradients" in said(labeled)[1]


def test_atoms_that_left_through_a_face_came_back_through_the_other() -> None:
    labeled = changed(copper(), forces=-1)
    for frame, _ in labeled[::2]:
        frame.wrap()
    assert "gradients" in said(labeled)[1]


def test_too_few_pairs_and_unlike_frames_say_nothing() -> None:
    assert said(changed(copper(10), forces=-1)) == ("", "")  # nine pairs
    alone = [(bulk("Cu").repeat((number, 1, 1)), labels) for number, (_, labels) in enumerate(copper(12), 1)]
    lonely = [(frame, Labels(labels.energy, np.ones((len(frame), 3)))) for frame, labels in alone]
    assert said(lonely) == ("", "")


@pytest.mark.parametrize("seed", range(20))
def test_labels_of_noise_are_no_unit(seed: int) -> None:
    random = np.random.default_rng(seed)
    noise = [(frame, Labels(float(random.normal()), random.normal(size=(8, 3)))) for frame, _ in copper(20)]
    assert said(noise) == ("", "")


def test_kinds_that_are_not_seen_any_more_are_forgotten() -> None:
    work = ForceWork()
    labels = Labels(0.0, np.zeros((2, 3)))
    for number in range(KEPT + 50):
        work.add(Atoms(numbers=[1 + number % 90, 1 + number // 90], positions=np.eye(2, 3)), labels)
    assert len(work._last) == KEPT


@pytest.mark.parametrize("turn", [lambda forces: -forces, lambda forces: forces / KCAL_PER_MOL])
def test_real_labels_that_were_spoilt_are_found(reference_data: Path, turn: Callable[[np.ndarray], np.ndarray]) -> None:
    frames = read_labeled(reference_data / "lgps" / "train-50.extxyz")
    checks = LabelChecks(large_force=1e9)
    for index, frame in enumerate(frames):
        labels = Labels.of(frame)
        checks.add(str(index), frame, Labels(labels.energy, turn(labels.forces), labels.stress))
    assert "forces-and-energies" in {one.kind for one in checks.findings()}


def test_the_sign_of_the_stress_is_told_once() -> None:
    checks = LabelChecks()
    for index, (frame, labels) in enumerate(changed(copper(60), stress=-1)):
        checks.add(str(index), frame, labels)
    assert [one.kind for one in checks.findings()] == ["stresses-and-energies"]
