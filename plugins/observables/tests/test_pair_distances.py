"""Radial distributions: an ideal gas has 1, a crystal its shells, ASE the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.geometry.rdf import get_rdf

from made_trajectories import box
from whet import FrameError
from whet_observables.molecules import Molecules
from whet_observables.pair_distances import PairDistances, first_window, peak_in

TRICLINIC = np.array([[14.0, 0.0, 0.0], [4.0, 13.0, 0.0], [-3.0, 2.0, 15.0]])


def liquid(seed: int, cell: np.ndarray, count: int = 120) -> Atoms:
    random = np.random.default_rng(seed)
    symbols = ["Na"] * (count // 2) + ["Cl"] * (count // 2)
    frame = Atoms(symbols, cell=cell, pbc=True)
    frame.set_scaled_positions(random.random((count, 3)) * 3 - 1)  # not wrapped
    return frame


@pytest.mark.parametrize("cell", [np.diag([14.0, 15.0, 16.0]), TRICLINIC])
def test_the_same_as_ase(cell: np.ndarray) -> None:
    frames = [liquid(seed, cell * size) for seed, size in enumerate((1.0, 1.1, 1.05))]
    counts = PairDistances(frames[0], 6.0, 0.05)
    for frame in frames:
        counts.add(frame)
    for pair in (("Cl", "Cl"), ("Cl", "Na"), ("Na", "Na")):
        own = counts.of(pair)
        ase, r = get_rdf(frames, 6.0, 120, elements=pair)
        np.testing.assert_allclose(own.r, r, rtol=1e-12)
        np.testing.assert_allclose(own.g, ase, rtol=1e-6, atol=1e-12)
        assert own.g.sum() > 10


def test_an_ideal_gas_has_one() -> None:
    counts = PairDistances(box("Ar200", np.zeros((200, 3)), 18.0), 9.0, 0.5)
    random = np.random.default_rng(3)
    for side in np.linspace(16.0, 20.0, 60):  # the cell moves
        counts.add(box("Ar200", random.random((200, 3)) * side, side))
    found = counts.of(("Ar", "Ar"))
    reached = found.frames == 60
    assert found.r[reached].max() == pytest.approx(7.75)  # half of the smallest cell
    expected = 1 - 1 / 200
    pairs = 60 * 200 * 199 / 2 * 4 * np.pi * found.r**2 * 0.5 / 18.0**3
    off = (found.g - expected)[reached] * np.sqrt(pairs[reached])
    assert np.abs(off).max() < 4
    assert found.g[4:][reached[4:]].mean() == pytest.approx(expected, abs=0.005)


def test_a_crystal_has_its_shells() -> None:
    crystal = bulk("Ar", "fcc", a=5.263, cubic=True) * (3, 3, 3)  # no shell on an edge of a bin
    counts = PairDistances(crystal, 7.8, 0.01)
    counts.add(crystal)
    found = counts.of(("Ar", "Ar"))
    shells = 5.263 * np.sqrt(np.arange(1, 5) / 2)
    assert np.flatnonzero(found.g).tolist() == [int(at / 0.01) for at in shells]
    density = len(crystal) / crystal.get_volume()
    volumes = 4 / 3 * np.pi * np.diff((np.arange(781) * 0.01) ** 3)
    neighbors = (found.g * volumes * density)[found.g > 0]
    np.testing.assert_allclose(neighbors, [12, 6, 24, 12], rtol=1e-9)
    window = first_window(found.g, found.counts)
    assert window is not None
    peak = peak_in(found, window)
    assert peak is not None
    assert peak.position == pytest.approx(5.263 / np.sqrt(2), abs=0.005)


def test_the_top_of_a_peak_is_between_bins() -> None:
    counts = PairDistances(box("Ar2", np.zeros((2, 3)), 20.0), 5.0, 0.05)
    random = np.random.default_rng(1)
    for _ in range(20_000):
        counts.add(box("Ar2", np.array([[0, 0, 0], [random.normal(3.017, 0.2), 0, 0]]), 20.0))
    found = counts.of(("Ar", "Ar"))
    window = first_window(found.g, found.counts)
    assert window is not None
    peak = peak_in(found, window)
    assert peak is not None
    # The top of exp(−(r − r₀)²/2σ²)/r² lies 2σ²/r₀ nearer.
    assert peak.position == pytest.approx(3.017 - 2 * 0.04 / 3.017, abs=0.01)


def test_pairs_of_different_molecules_are_counted_apart() -> None:
    places = np.array([[0, 0, 0], [1.15, 0, 0], [5, 0, 0], [6.15, 0, 0]], dtype=float)
    frame = box("N4", places + 3, 16.0)
    molecules = Molecules.in_start(frame)
    counts = PairDistances(frame, 8.0, 0.1, molecules.of)
    counts.add(frame)
    every, between = counts.of(("N", "N")), counts.of(("N", "N"), between_molecules=True)
    assert every.counts[[11, 38, 61]].tolist() == [2, 1, 1]
    assert every.counts[49:51].sum() == 2
    np.testing.assert_array_equal(np.delete(between.counts, 11), np.delete(every.counts, 11))
    assert between.counts[11] == 0


def test_many_atoms_are_counted_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = liquid(0, np.diag([14.0] * 3))
    whole, parts = PairDistances(frame, 6.0, 0.1), PairDistances(frame, 6.0, 0.1)
    whole.add(frame)
    monkeypatch.setattr("whet_observables.pair_distances.MOST_AT_ONCE", 500)
    parts.add(frame)
    np.testing.assert_array_equal(whole.of(("Cl", "Na")).g, parts.of(("Cl", "Na")).g)


def test_what_cannot_be_counted_is_refused() -> None:
    frame = liquid(0, np.diag([14.0] * 3))
    counts = PairDistances(frame, 6.0, 0.1)
    with pytest.raises(FrameError, match="other atoms than the starting structure"):
        counts.add(frame[:-1])
    frame.pbc = (True, True, False)
    with pytest.raises(FrameError, match="periodic in all directions"):
        counts.add(frame)
