"""Bootstrap intervals: against theory and scipy, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from whet.bias.resampling import Resampling, by_unit
from whet.data.errors import InputError


def mean(sums):
    return sums[:, 0] / sums[:, 1]


def rows_of(values):
    return np.stack([values, np.ones(len(values))], axis=1)


def test_interval_of_a_mean_is_scipys():
    values = np.random.default_rng(1).exponential(size=60)
    low, high = Resampling(resamples=20000).interval(rows_of(values), mean) or (0, 0)
    # Sixty units are few enough for the ends to be expanded a little.
    tail = scipy.stats.norm.cdf(scipy.stats.t.ppf(0.025, 59) * np.sqrt(60 / 59))
    draws = {"n_resamples": 20000, "method": "percentile", "confidence_level": 1 - 2 * tail}
    draws["rng"] = np.random.default_rng(2)
    theirs = scipy.stats.bootstrap((values,), np.mean, **draws).confidence_interval
    student = scipy.stats.t.interval(0.95, 59, loc=values.mean(), scale=scipy.stats.sem(values))
    # Both draw at random, from seeds; a hundredth is about three standard errors of such a quantile.
    wanted = min(theirs.low, student[0]), max(theirs.high, student[1])
    assert (low, high) == pytest.approx(wanted, abs=0.01)
    assert theirs.high > student[1] + 0.01 and student[0] < theirs.low - 0.01  # each has one of the ends


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=30),
    st.integers(0, 2**32 - 1),
    st.randoms(use_true_random=False),
)
def test_interval_covers_the_estimate_and_ignores_the_order(values, seed, random):
    draws = Resampling(resamples=100, seed=seed)
    rows = rows_of(np.array(values))
    low, high = draws.interval(rows, mean) or (0, 0)
    assert low <= rows[:, 0].sum() / len(values) <= high
    shuffled = rows[random.sample(range(len(rows)), len(rows))]
    # The draws are the same bit for bit; the estimate, to which the interval may be widened, differs by rounding.
    assert draws.interval(shuffled, mean) == pytest.approx((low, high), rel=1e-9, abs=1e-6)


def test_units_widen_the_interval_of_correlated_frames():
    values = np.repeat(np.random.default_rng(0).normal(size=50), 10)
    narrow = Resampling().interval(rows_of(values), mean) or (0, 0)
    wide = Resampling().interval(rows_of(values), mean, np.repeat(np.arange(50), 10)) or (0, 0)
    assert (wide[1] - wide[0]) / (narrow[1] - narrow[0]) == pytest.approx(np.sqrt(10), rel=0.15)


def test_rows_of_a_unit_add_up_wherever_they_stand():
    assert by_unit(np.arange(6.0)[:, None], np.array([7, 3, 7, 3, 3, 5])).ravel().tolist() == [8, 5, 2]


@pytest.mark.parametrize("trajectories", [4, 6, 12])
def test_few_trajectories_are_covered_about_as_often_as_stated(trajectories):
    """Frames of a trajectory share its offset. Of four, percentiles alone cover it in 77 % of the cases."""
    random, covered = np.random.default_rng(trajectories), 0
    units = np.repeat(np.arange(trajectories), 5)
    for seed in range(400):
        values = random.normal(size=trajectories).repeat(5) + 0.5 * random.normal(size=len(units))
        low, high = Resampling(seed=seed, resamples=400).interval(rows_of(values), mean, units) or (0, 0)
        covered += low <= 0 <= high
    assert 0.925 <= covered / 400 <= 0.985


def test_many_frames_are_drawn_in_parts_with_the_same_sums():
    rows = np.ones((60_000, 1))
    assert Resampling(resamples=150).sums(rows) == pytest.approx(np.full((150, 1), 60_000))


def test_no_interval_where_there_is_none():
    assert Resampling().interval(rows_of(np.ones(3)), mean) is None
    assert Resampling().interval(rows_of(np.ones(9)), mean, np.arange(9) // 3) is None
    mostly_undefined = np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    assert Resampling().interval(mostly_undefined, mean) is None


@pytest.mark.parametrize("wrong", [{"resamples": 0}, {"level": 1.0}])
def test_senseless_settings_are_refused(wrong):
    with pytest.raises(InputError, match="cannot be used"):
        Resampling(**wrong)
