"""Shifts of bonds between two sets of trajectories: planted ones are found, packings alone are not taken for one."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from whet.bias.bond_shift import bond_shifts
from whet.bias.bonds import BondLengths
from whet.bias.dealing import Dealing
from whet.bias.resampling import Resampling
from whet.data.errors import InputError
from whet.data.topology import BondTopology

FEW = Resampling(resamples=200)
KINDS = {"C4-O2": (1.42, 0.030), "C4-H1": (1.10, 0.028), "H1-O2": (0.97, 0.024)}


def sampled(trajectories: int, seed: int, longer: float = 0.0, wider: float = 1.0, frames: int = 8) -> BondLengths:
    """Three kinds of four bonds. Each packing has a mean and a width of its own, alike for all kinds.

    longer: Å, of C4-O2. wider: factor of the width of H1-O2 along a trajectory.
    """
    random = np.random.default_rng(seed)
    kinds, lengths = np.repeat(list(KINDS), 4), np.empty((trajectories, frames, 3 * 4))
    packing = random.normal(size=(trajectories, 1, 1))
    for place, (kind, (mean, width)) in enumerate(KINDS.items()):
        width *= wider if kind == "H1-O2" else 1.0
        scale = width * np.exp(0.1 * random.normal(size=(trajectories, 1, 1)))
        own = mean + (longer if kind == "C4-O2" else 0.0) + 0.003 * (packing + random.normal(size=packing.shape))
        lengths[:, :, 4 * place : 4 * place + 4] = own + scale * random.normal(size=(trajectories, frames, 4))
    start = np.repeat([mean for mean, _ in KINDS.values()], 4)
    topology = BondTopology(np.zeros(24), np.arange(24).reshape(12, 2), kinds, start)
    return BondLengths(topology, lengths.reshape(-1, 12), np.repeat(np.arange(trajectories), frames))


@pytest.mark.parametrize("trajectories", [(4, 4), (4, 5)])
def test_other_packings_of_one_potential_are_rarely_called_different(trajectories: tuple[int, int]) -> None:
    """Of 200 comparisons of three kinds in three aspects at most 5 % may have *any* false difference.

    The limit of 21 has a probability below 0.1 % at 5 %.
    """
    claimed = 0
    for seed in range(200):
        first, second = (sampled(number, 2 * seed + place) for place, number in enumerate(trajectories))
        claimed += any(shift.different for shift in bond_shifts(first, second, FEW).values())
    assert claimed <= 21


def test_a_planted_shift_is_found_in_its_kind_alone() -> None:
    shifts = bond_shifts(sampled(4, 1), sampled(4, 2, longer=0.02))
    moved = shifts["C4-O2"]
    assert moved.mean_change == pytest.approx(0.02, abs=0.01)
    assert moved.mean_change_interval is not None and moved.mean_change_interval[0] > 0
    assert moved.verdict == "different: mean" and moved.p["mean"] == pytest.approx(2 / 70)
    assert moved.by_chance is not None and moved.wasserstein < moved.by_chance
    assert {kind for kind, shift in shifts.items() if shift.different} == {"C4-O2"}


def test_a_shift_of_two_hundredths_of_an_angstrom_is_found_nearly_always() -> None:
    found = [
        bond_shifts(sampled(6, 2 * seed), sampled(6, 2 * seed + 1, longer=0.02), FEW)["C4-O2"].different
        for seed in range(40)
    ]
    assert sum(map(bool, found)) >= 36


def test_a_change_of_the_width_alone_is_found_as_such() -> None:
    """Wong and Yang's effect: O–H bonds of one mean length, of which the biased data have a narrower distribution."""
    shifts = bond_shifts(sampled(6, 3), sampled(6, 4, wider=1.6))
    wide = shifts["H1-O2"]
    assert wide.width_change == pytest.approx(0.6 * 0.024, abs=0.004)
    assert wide.width_change_interval is not None and wide.width_change_interval[0] > 0
    assert "width" in wide.different and "mean" not in wide.different
    without = bond_shifts(sampled(6, 3), sampled(6, 4, wider=1.6), widths=False)["H1-O2"]
    assert set(without.p) == {"mean", "distance"}


def test_the_distance_is_scipys_with_trajectories_that_count_the_same() -> None:
    first, second = sampled(4, 5), sampled(4, 6)
    shift = bond_shifts(first, second, FEW)["C4-H1"]
    lengths = [one.of_kind("C4-H1").ravel() for one in (first, second)]
    assert shift.wasserstein == pytest.approx(scipy.stats.wasserstein_distance(*lengths))
    assert shift.mean_change == pytest.approx(lengths[1].mean() - lengths[0].mean())
    assert shift.width_change == pytest.approx(lengths[1].std() - lengths[0].std())
    longer = BondLengths(
        first.topology, first.lengths.repeat(np.r_[[5] * 8, [1] * 24], axis=0), np.repeat([0, 1, 2, 3], [40, 8, 8, 8])
    )
    again = bond_shifts(longer, second, FEW)["C4-H1"]
    assert (again.wasserstein, again.p) == (pytest.approx(shift.wasserstein), pytest.approx(shift.p))


def test_three_trajectories_decide_nothing() -> None:
    shift = bond_shifts(sampled(3, 7), sampled(6, 8, longer=0.3), FEW)["C4-O2"]
    assert shift.verdict == "undecided: 3 trajectories"
    assert not shift.different and shift.by_chance is None and shift.mean_change_interval is None
    assert shift.mean_change == pytest.approx(0.3, abs=0.02)


def test_trajectories_that_both_sets_have_are_left_out() -> None:
    """Two strategies begin with the same trajectory: it is no evidence that they sample alike."""
    shared, first, second = sampled(2, 10), sampled(4, 11), sampled(4, 12, longer=0.02)

    def joined(one: BondLengths) -> BondLengths:
        units = np.concatenate([shared.units, one.units + 2])
        return BondLengths(one.topology, np.concatenate([shared.lengths, one.lengths]), units)

    apart, together = bond_shifts(first, second, FEW), bond_shifts(joined(first), joined(second), FEW)
    assert together["C4-O2"] == apart["C4-O2"]
    assert together["C4-O2"].trajectories == (4, 4)
    assert bond_shifts(first, first) == {}


def test_equal_lengths_and_no_common_kind() -> None:
    one = sampled(4, 9)
    still = BondLengths(one.topology, np.tile(one.topology.lengths, (8, 1)), np.repeat(np.arange(4), 2))
    longer = BondLengths(one.topology, np.tile(one.topology.lengths, (12, 1)), np.repeat(np.arange(4), 3))
    shift = bond_shifts(still, longer, FEW)["C4-O2"]
    assert shift.wasserstein == 0 and shift.verdict == "no difference resolved"
    other = BondTopology(one.topology.numbers, one.topology.pairs, np.full(12, "N1-N1"), one.topology.lengths)
    with pytest.raises(InputError, match="no kind of bond is common"):
        bond_shifts(one, BondLengths(other, one.lengths, one.units))


def test_few_trajectories_are_dealt_in_every_way() -> None:
    every = Dealing.of(4, 4, Resampling())
    assert len(every.first) == 70 and len(np.unique(every.first, axis=0)) == 70
    assert every.first[0].tolist() == [True] * 4 + [False] * 4
    assert every.least == pytest.approx(2 / 70)
    assert Dealing.of(4, 5, Resampling()).least == pytest.approx(1 / 126)
    many = Dealing.of(12, 9, Resampling(resamples=500))
    assert (
        many.first.shape == (501, 21) and (many.first.sum(axis=1) == 12).all() and many.least == pytest.approx(1 / 501)
    )
