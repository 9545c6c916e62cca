"""Bonds of methanol across a cell boundary: topology, kinds, lengths, and breaking."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from whet.bias.bonds import BondLengths, follow
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
    assert dict(zip(kinds.tolist(), counts.tolist(), strict=True)) == {"C4-H1": 6, "C4-O2": 2, "H1-O2": 2}
    alone = BondTopology.of(molecule("CH3OH"))
    assert sorted(topology.lengths) == pytest.approx(sorted([*alone.lengths, *alone.lengths]))
    plain = np.linalg.norm(np.diff(box.positions[topology.pairs], axis=1)[:, 0], axis=1)
    assert plain.max() > 4, "no bond is cut, so the test tests nothing"
    assert (topology.pairs[:, 0] < topology.pairs[:, 1]).all()
    assert follow(topology, [box]).lengths[0] == pytest.approx(topology.lengths)


def test_kinds_tell_the_bonds_of_an_acid_from_those_of_an_alcohol():
    """C=O 1.20 Å, C–O 1.34 Å of the acid and 1.42 Å of methanol: pooled, they would have a width of 0.1 Å at rest."""
    acid, alcohol = (BondTopology.of(molecule(name)) for name in ("HCOOH", "CH3OH"))
    lengths = {kind: length for one in (acid, alcohol) for kind, length in zip(one.kinds, one.lengths, strict=True)}
    found = {kind: round(float(length), 2) for kind, length in lengths.items() if kind[0] == "C" and "O" in kind}
    assert found == {"C3-O1": 1.21, "C3-O2": 1.35, "C4-O2": 1.42}
    assert BondTopology.of(molecule("CH3CH2OH")).kinds.tolist().count("C4-C4") == 1


def test_trajectories_count_the_same_however_long_they_are(box):
    """One trajectory of 30 frames and one of 3, whose bonds are longer by 0.1 Å: the mean lies halfway."""
    topology = BondTopology.of(box)
    lengths = np.tile(topology.lengths, (33, 1))
    lengths[30:] += 0.1
    summary = BondLengths(topology, lengths, np.repeat([0, 1], [30, 3])).summary(FEW)["C4-O2"]
    assert summary.mean == pytest.approx(topology.lengths[topology.kinds == "C4-O2"].mean() + 0.05)
    assert summary.width == pytest.approx(0.05)
    assert summary.mean_interval is None


def test_the_same_pairs_are_followed_in_each_frames_cell(box):
    topology = BondTopology.of(box)
    lengths = follow(topology, shaken(box, 4, 0.05, 0, stretch=1.02)).lengths
    assert lengths.shape == (4, 10) and lengths.max() < 1.8


def test_summary_is_the_distributions(box):
    found = replace(follow(BondTopology.of(box), shaken(box, 30, 0.05, 1)), units=np.repeat(np.arange(6), 5))
    summary = found.summary(FEW)["C4-H1"]
    lengths = found.of_kind("C4-H1").ravel()
    assert summary.mean == pytest.approx(lengths.mean()) and summary.width == pytest.approx(lengths.std())
    assert (summary.bonds, summary.frames, summary.broken) == (6, 30, 0)
    assert summary.width_interval is not None and summary.width is not None
    assert summary.width_interval[0] < summary.width < summary.width_interval[1]


def test_a_broken_bond_is_counted_and_leaves_the_distribution(box):
    topology = BondTopology.of(box)
    frames = shaken(box, 10, 0.0, 2)
    bond = int(np.flatnonzero(topology.kinds == "H1-O2")[0])
    symbols = box.get_chemical_symbols()
    hydrogen, oxygen = sorted(topology.pairs[bond], key=lambda atom: symbols[atom])
    for frame in frames[6:]:
        away = frame.get_distance(oxygen, hydrogen, mic=True, vector=True)
        frame.positions[hydrogen] += away * 0.6 / np.linalg.norm(away)
    summary = follow(topology, frames).summary(FEW)["H1-O2"]
    assert summary.broken == 1
    assert summary.mean == pytest.approx(topology.lengths[bond]) and summary.width == pytest.approx(0, abs=1e-6)
    every = shaken(box, 3, 0.0, 2)
    for frame in every:
        frame.positions[[a for a, s in enumerate(symbols) if s == "O"]] += [4, 0, 0]
    gone = follow(topology, every).summary(FEW)["C4-O2"]
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
    with pytest.raises(InputError, match=r"no bond 'O-O'\. Known: C4-H1, C4-O2, H1-O2"):
        follow(topology, [box]).of_kind("O-O")
