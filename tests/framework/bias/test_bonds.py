"""Bonds of methanol across a cell boundary: topology, lengths, breaking, and shifts between two sets."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.stats
from ase import Atoms
from ase.build import bulk, molecule

from whet.bias.bond_shift import bond_shifts
from whet.bias.bonds import follow
from whet.bias.resampling import Resampling
from whet.data.errors import FrameError, InputError
from whet.data.topology import BondTopology

FEW = Resampling(resamples=100)


@pytest.fixture(scope="module")
def box() -> Atoms:
    """Two methanol molecules, the second cut by the boundary of its cell."""
    first, second = molecule("CH3OH"), molecule("CH3OH")
    first.translate([3, 3, 3])
    second.translate([7.9, 0.1, 7.9])
    atoms = first + second
    atoms.set_cell([8, 8, 8])
    atoms.pbc = True
    atoms.wrap()
    return atoms


def shaken(box, count, width, seed, stretch=1.0):
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(count):
        frame = box.copy()
        frame.set_cell(stretch * frame.cell, scale_atoms=True)
        frame.positions += rng.normal(scale=width, size=frame.positions.shape)
        frame.wrap()
        frames.append(frame)
    return frames


def test_topology_crosses_the_boundary(box):
    topology = BondTopology.of(box)
    kinds, counts = np.unique(topology.kinds, return_counts=True)
    assert dict(zip(kinds.tolist(), counts.tolist(), strict=True)) == {"C-H": 6, "C-O": 2, "H-O": 2}
    alone = BondTopology.of(molecule("CH3OH"))
    assert sorted(topology.lengths) == pytest.approx(sorted([*alone.lengths, *alone.lengths]))
    plain = np.linalg.norm(np.diff(box.positions[topology.pairs], axis=1)[:, 0], axis=1)
    assert plain.max() > 4, "no bond is cut, so the test tests nothing"
    assert (topology.pairs[:, 0] < topology.pairs[:, 1]).all()
    assert follow(topology, [box]).lengths[0] == pytest.approx(topology.lengths)


def test_the_same_pairs_are_followed_in_each_frames_cell(box):
    topology = BondTopology.of(box)
    lengths = follow(topology, shaken(box, 4, 0.05, 0, stretch=1.02)).lengths
    assert lengths.shape == (4, 10) and lengths.max() < 1.8


def test_summary_is_the_distributions(box):
    found = follow(BondTopology.of(box), shaken(box, 30, 0.05, 1))
    summary = found.summary(FEW)["C-H"]
    lengths = found.of_kind("C-H").ravel()
    assert summary.mean == pytest.approx(lengths.mean()) and summary.width == pytest.approx(lengths.std())
    assert (summary.bonds, summary.frames, summary.broken, summary.first_broken_frame) == (6, 30, 0, None)
    assert summary.width_interval is not None and summary.width is not None
    assert summary.width_interval[0] < summary.width < summary.width_interval[1]
    assert json.dumps(summary.as_json(), allow_nan=False)


def test_a_broken_bond_is_counted_and_leaves_the_distribution(box):
    topology = BondTopology.of(box)
    frames = shaken(box, 10, 0.0, 2)
    bond = int(np.flatnonzero(topology.kinds == "H-O")[0])
    symbols = box.get_chemical_symbols()
    hydrogen, oxygen = sorted(topology.pairs[bond], key=lambda atom: symbols[atom])
    for frame in frames[6:]:
        away = frame.get_distance(oxygen, hydrogen, mic=True, vector=True)
        frame.positions[hydrogen] += away * 0.6 / np.linalg.norm(away)
    summary = follow(topology, frames).summary(FEW)["H-O"]
    assert (summary.broken, summary.broken_lengths, summary.first_broken_frame) == (1, 4, 6)
    assert summary.mean == pytest.approx(topology.lengths[bond]) and summary.width == pytest.approx(0, abs=1e-6)
    every = shaken(box, 3, 0.0, 2)
    for frame in every:
        frame.positions[[a for a, s in enumerate(symbols) if s == "O"]] += [4, 0, 0]
    gone = follow(topology, every).summary(FEW)["C-O"]
    assert gone.mean is None and gone.broken == 2


def test_ions_have_no_bonds_and_small_cells_are_refused():
    salt = bulk("NaCl", "rocksalt", a=5.8)
    with pytest.raises(FrameError, match="Repeat the cell"):
        BondTopology.of(salt)
    none = BondTopology.of(salt, unbonded=["Na"])
    assert follow(none, [salt]).lengths.shape == (1, 0) and follow(none, [salt]).summary() == {}
    assert len(BondTopology.of(salt.repeat(3)).pairs) == 27 * 6


def test_frames_of_other_atoms_are_refused(box):
    topology = BondTopology.of(box)
    with pytest.raises(FrameError, match="frame 1: its atoms CH4O are not those"):
        follow(topology, [box, molecule("CH3OH")])
    with pytest.raises(FrameError, match="no frame"):
        follow(topology, [])
    with pytest.raises(InputError, match=r"no bond 'O-O'\. Known: C-H, C-O, H-O"):
        follow(topology, [box]).of_kind("O-O")


def test_distance_is_scipys_and_stands_out_of_chance(box):
    topology = BondTopology.of(box)
    first, second = (follow(topology, shaken(box, 40, 0.03, seed)) for seed in (3, 4))
    same = bond_shifts(first, second, FEW)["C-H"]
    lengths = [one.of_kind("C-H").ravel() for one in (first, second)]
    assert same.wasserstein == pytest.approx(scipy.stats.wasserstein_distance(*lengths))
    assert same.noise_floor is not None and same.wasserstein < same.noise_floor and not same.beyond_noise
    longer = follow(topology, shaken(box, 40, 0.03, 5, stretch=1.03))
    other = bond_shifts(first, longer, FEW)["C-H"]
    # 3 % of 1.09 Å; the mean of 240 lengths of width 0.04 Å is known to 0.003 Å.
    assert other.beyond_noise and other.mean_change == pytest.approx(0.033, abs=0.01)
    assert other.wasserstein == pytest.approx(other.mean_change, rel=0.05)
    low, high = other.wasserstein_interval or (0, 0)
    assert low <= other.wasserstein <= high < low + 0.015
    assert json.dumps(other.as_json(), allow_nan=False)


def test_chance_alone_rarely_passes_the_noise_floor(box):
    topology = BondTopology.of(box)
    passed = 0
    for seed in range(40):
        first, second = (follow(topology, shaken(box, 12, 0.03, 1000 + 2 * seed + one)) for one in (0, 1))
        passed += bond_shifts(first, second, FEW)["C-O"].beyond_noise
    # 5 % of 40 is 2; more than 7 has a probability below 0.1 %.
    assert passed <= 7


def test_shifts_of_single_or_equal_frames(box):
    topology = BondTopology.of(box)
    one = follow(topology, [box])
    shift = bond_shifts(one, one, FEW)["C-O"]
    assert shift.wasserstein == 0 and shift.noise_floor is None and not shift.beyond_noise
    with pytest.raises(InputError, match="no kind of bond is common"):
        bond_shifts(one, follow(BondTopology.of(molecule("N2")), [molecule("N2")]))
