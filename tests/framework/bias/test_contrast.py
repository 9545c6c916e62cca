"""Contrast: a planted difference is found, and none is seen where none was planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from whet.bias.contrast import Contrast
from whet.bias.holm import holm
from whet.bias.paired_errors import ENERGIES, PairedErrors, common_quantities
from whet.bias.pairs import Comparison
from whet.data.errors import FrameError
from whet.data.labels import Labels

REPETITIONS = 400


def drawn(random, units=6, seeds=1, *, ratio: Any = 1.0, hard=0.5, by_unit=0.1, by_seed=0.0):
    """Errors with effects of the trajectory that both share (hard), that each has (by_unit), and of the seed."""
    shared = np.exp(random.normal(0, hard, (units, 1)))
    first, second = (
        shared * np.exp(random.normal(0, by_unit, (units, 1)) + random.normal(0, by_seed, (1, seeds))) for _ in range(2)
    )
    cells = np.exp(random.normal(0, 0.02, (2, units, seeds)))
    return PairedErrors("forces", first * cells[0], ratio * second * cells[1], units, units)


def claimed(make, questions=6):
    """How often one or more of the questions of a pair are claimed."""
    random = np.random.default_rng(0)
    families = ([Contrast.of(make(random)).p or 1.0 for _ in range(questions)] for _ in range(REPETITIONS))
    return np.mean([min(holm(family)) < 0.05 for family in families])


@pytest.mark.parametrize(
    "how",
    [
        {"units": 4},
        {"units": 6},
        {"units": 6, "hard": 1.5},  # one trajectory holds most of the error
        {"units": 12, "seeds": 3, "by_seed": 0.2},
        {"units": 40, "seeds": 2, "by_seed": 0.1, "by_unit": 0.05},
    ],
    ids=str,
)
def test_no_difference_is_claimed_in_five_percent_of_families_at_most(how):
    assert claimed(lambda random: drawn(random, **how)) <= 0.07  # 2 standard errors of 400 repetitions


def test_single_intervals_cover_the_truth():
    random, inside = np.random.default_rng(1), 0
    for _ in range(REPETITIONS):
        low, high = Contrast.of(drawn(random, ratio=0.8)).change.interval or (0, 0)
        inside += low < -0.2 < high
    assert 0.92 <= inside / REPETITIONS <= 0.98


def test_planted_twenty_percent_are_found_with_six_trajectories():
    found = [Contrast.of(drawn(np.random.default_rng(seed), ratio=0.8, hard=0.3, by_unit=0.03)) for seed in range(40)]
    assert sum((one.p or 1) * 6 < 0.05 for one in found) >= 38
    assert np.mean([one.change.value or 0 for one in found]) == pytest.approx(-0.2, abs=0.01)


def test_seeds_that_disagree_are_no_difference():
    random = np.random.default_rng(2)
    agree, apart = (
        drawn(random, 12, 3, ratio=np.array([ratios]), by_unit=0.02) for ratios in [[0.8] * 3, [0.7, 1, 0.8]]
    )
    assert (Contrast.of(agree).p or 1) < 0.05
    found = Contrast.of(apart)
    low, high = found.over_units or (0, 0)
    assert low < high < 0  # these trajectories alone would say so
    low, high = found.over_seeds or (0, 0)
    assert low < 0 < high
    assert (found.p or 0) > 0.05


def test_interval_holds_those_over_units_and_over_seeds():
    found = Contrast.of(drawn(np.random.default_rng(3), 8, 3, by_seed=0.1))
    wide = found.change.interval or (0, 0)
    for one in (found.over_units, found.over_seeds):
        assert one is not None
        assert wide[0] < one[0] < one[1] < wide[1]


def test_p_is_the_level_at_which_the_interval_reaches_zero():
    random = np.random.default_rng(4)
    for _ in range(50):
        found = Contrast.of(drawn(random, 6, 3, by_seed=0.05, ratio=0.9))
        low, high = found.change.interval or (0, 0)
        assert ((found.p or 0) < 0.05) == (not low <= 0 <= high)


def test_swapping_the_two_turns_the_sign():
    one = drawn(np.random.default_rng(5), 6, 2, ratio=0.8)
    other = PairedErrors("forces", one.second, one.first, one.count, one.frames)
    there, back = Contrast.of(one), Contrast.of(other)
    assert (1 + (there.change.value or 0)) * (1 + (back.change.value or 0)) == pytest.approx(1)
    assert there.p == pytest.approx(back.p)


def test_nothing_below_four_units_and_without_an_error():
    few = Contrast.of(drawn(np.random.default_rng(6), 3))
    assert few.change.value is not None
    assert (few.change.interval, few.p) == (None, None)
    assert Contrast.of(PairedErrors("forces", np.zeros((5, 1)), np.ones((5, 1)), 5, 5)).change.value is None


def test_the_same_potential_twice_is_no_difference():
    sums = np.random.default_rng(7).uniform(1, 2, (6, 2))
    found = Contrast.of(PairedErrors("forces", sums, sums, 6, 6))
    assert (found.change.value, found.p) == (0, 1)


def test_holm():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


@pytest.fixture
def predicted(labeled):
    """(off, seed's frames) -> a comparison whose errors are `off` in every number; two frames a trajectory."""
    forces = [np.zeros((2, 3))] * 8
    stresses = [np.zeros((3, 3))] * 8

    def make(off, frames=range(8), stress=True):
        reference = labeled(forces, stresses=stresses)
        guess = [
            Labels(2 * off, forces[0] + off, stresses[0] + off if stress else None).attach(one) for one in reference
        ]
        taken = list(frames)
        return Comparison.of(
            [reference[one] for one in taken],
            [guess[one] for one in taken],
            indices=taken,
            units=[one // 2 for one in taken],
            units_of="trajectories",
        )

    return make


@pytest.mark.parametrize(("quantity", "unit"), [("forces", 1.0), ("stress", 1.0)])
def test_errors_are_means_over_numbers(predicted, quantity, unit):
    found = PairedErrors.of(quantity, {1: predicted(0.1)}, {1: predicted(-0.2)})
    assert found.maes == pytest.approx((0.1 * unit, 0.2 * unit))
    assert found.offsets is None
    assert (found.n_units, found.frames, found.units_of) == (4, 8, "trajectories")


def test_seeds_that_both_have_are_paired(predicted):
    found = PairedErrors.of("forces", {1: predicted(0.1), 2: predicted(0.2)}, {2: predicted(0.4), 3: predicted(0.9)})
    assert (found.seeds, found.maes) == (1, pytest.approx((0.2, 0.4)))
    apart = PairedErrors.of("forces", {1: predicted(0.1)}, {2: predicted(0.4)})
    assert apart.maes == pytest.approx((0.1, 0.4))


def test_frames_that_all_answered_are_compared(predicted):
    first = {1: predicted(0.1), 2: predicted(0.1, range(2, 8))}
    second = {1: predicted(0.2, [0, 2, 3, 5, 7]), 2: predicted(0.2)}
    found = PairedErrors.of("forces", first, second)
    assert (found.frames, found.n_units, found.maes) == (4, 3, pytest.approx((0.1, 0.2)))
    with pytest.raises(FrameError, match="no frame has forces from both"):
        PairedErrors.of("forces", {1: predicted(0.1, [0, 1])}, {1: predicted(0.1, [2])})


def test_stress_where_all_have_it(predicted):
    assert common_quantities([predicted(0.1)]) == (ENERGIES, "forces", "stress")
    assert common_quantities([predicted(0.1), predicted(0.1, stress=False)]) == (ENERGIES, "forces")
