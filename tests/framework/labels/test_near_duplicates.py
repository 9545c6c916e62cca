"""Near-duplicates: planted ones are found, whatever was done to them; what only looks alike is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk, molecule
from ase.calculators.emt import EMT
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet

from whet.labels.near_duplicates import NEAR, SAME_CELL, near_duplicates
from whet.labels.overlaps import Overlap


def salt(seed: int = 0, rattle: float = 0.1, repeat: int = 2) -> Atoms:
    """A crystal of two elements whose atoms are off their places by normal random numbers of that width (Å)."""
    frame = bulk("LiCl", "rocksalt", a=5.1, cubic=True).repeat(repeat)
    frame.positions += np.random.default_rng(seed).normal(0, rattle, frame.positions.shape)
    return frame


def moved_a_little(frame: Atoms) -> Atoms:
    steps = np.random.default_rng(5).normal(size=frame.positions.shape)
    frame.positions += 0.01 * steps / np.linalg.norm(steps, axis=1)[:, None]
    return frame


def translated(frame: Atoms) -> Atoms:
    frame.positions += [1.7, -30.0, 0.4]
    return frame


def wrapped(frame: Atoms) -> Atoms:
    frame = translated(frame)
    frame.wrap()
    return frame


def permuted(frame: Atoms) -> Atoms:
    return frame[np.random.default_rng(7).permutation(len(frame))]


def rounded(frame: Atoms) -> Atoms:
    frame.positions = frame.positions.round(3)
    return frame


def turned(frame: Atoms) -> Atoms:
    frame.rotate(30, "x", rotate_cell=True)
    return frame


CHANGES = [moved_a_little, translated, wrapped, permuted, rounded, turned, lambda one: permuted(wrapped(rounded(one)))]


@pytest.mark.parametrize("change", CHANGES)
def test_planted_ones_are_found_among_many(change: Callable[[Atoms], Atoms]) -> None:
    others = [salt(seed) for seed in range(30)]
    planted = [change(salt(seed)) for seed in (3, 17, 29)]
    found = near_duplicates([salt(100), *planted, salt(101)], others)
    assert [(one.index, one.other) for one in found] == [(1, 3), (2, 17), (3, 29)]
    assert all(one.apart < 0.0201 for one in found)


def test_how_far_apart_they_are_is_told() -> None:
    other = salt()
    other.positions[5] += [0.03, 0, 0]
    (found,) = near_duplicates([salt()], [other])
    assert found.apart == pytest.approx(0.03 * (1 - 1 / len(other)))


@pytest.mark.parametrize(("by", "is_near"), [(NEAR * 0.99, True), (NEAR * 1.03, False)])
def test_the_limit_is_the_largest_displacement(by: float, is_near: bool) -> None:
    other = salt()
    other.positions[5] += [0, by, 0]
    assert bool(near_duplicates([salt()], [other])) == is_near


def test_independent_rattles_of_one_crystal_are_none() -> None:
    assert not near_duplicates([salt(seed) for seed in range(50)], [salt(seed) for seed in range(50, 100)])


def test_independent_rattles_in_any_order_are_none() -> None:
    assert not near_duplicates([permuted(salt(n)) for n in range(30)], [permuted(salt(n)) for n in range(50, 80)])


def test_thermal_neighbors_of_a_trajectory_are_none() -> None:
    """Copper at 300 K, whose atoms are heavy and slow: frames 50 fs apart."""
    frame = bulk("Cu", cubic=True).repeat(2)
    frame.calc = EMT()
    MaxwellBoltzmannDistribution(frame, temperature_K=600, rng=np.random.default_rng(1))
    dynamics, frames = VelocityVerlet(frame, 5 * units.fs), list[Atoms]()
    dynamics.attach(lambda: frames.append(frame.copy()), interval=10)
    dynamics.run(400)
    assert len(frames) == 41
    assert not near_duplicates(frames[1::2], frames[::2])
    assert len(near_duplicates(frames, frames)) == len(frames)


def test_points_of_an_energy_volume_curve_are_none() -> None:
    """Volumes 2 % apart: lengths by two thirds of a percent."""
    curve = [salt() for _ in range(5)]
    for number, frame in enumerate(curve):
        frame.set_cell(frame.cell.array * 1.02 ** (number / 3), scale_atoms=True)
    assert not near_duplicates(curve[1::2], curve[::2])
    curve[1].set_cell(curve[0].cell.array * (1 + SAME_CELL / 2), scale_atoms=True)
    assert [one.index for one in near_duplicates(curve[1::2], curve[::2])] == [0]


def test_other_elements_cells_and_periodicities_are_other_structures() -> None:
    other, open_, swapped = salt(), salt(), salt()
    other.set_cell(other.cell.array * [[1.01], [1], [1]])
    open_.pbc = [True, True, False]
    swapped.numbers = swapped.numbers[::-1]
    assert not near_duplicates([salt()], [other, open_, swapped])


def test_molecules_have_no_cell() -> None:
    water, moved = molecule("H2O"), molecule("H2O")
    moved.positions = moved.positions[:, :] + [3.0, 0, 0]
    bent = molecule("H2O")
    bent.set_angle(1, 0, 2, 120)
    assert [one.index for one in near_duplicates([moved[[0, 2, 1]], bent], [water])] == [0]


def test_exact_copies_come_first_and_only_once() -> None:
    frames = [salt(1), rounded(salt(2)), salt(9)]
    overlap = Overlap.of(frames, [salt(1), salt(2)])
    assert (overlap.total, list(overlap.same)) == (3, [0])
    assert [(one.index, one.other) for one in overlap.near] == [(1, 1)]
    said = [text for text, _ in overlap.said("are in it", "are near-duplicates")]
    assert said[0] == "1 of its 3 frames are in it"
    assert said[1].startswith("1 of its 3 frames are near-duplicates: no atom is displaced by more than 0.001 Å")


@pytest.mark.timeout(200)  # comparing each with each takes hours
def test_a_thousand_against_a_thousand() -> None:
    """Frames of 64 atoms of one composition and cell, half of them permuted: the worst case."""
    many = [salt(seed) for seed in range(1000)]
    others = [permuted(salt(seed)) for seed in range(900, 1900)]
    found = near_duplicates(many, others)
    assert [one.index for one in found] == list(range(900, 1000))
