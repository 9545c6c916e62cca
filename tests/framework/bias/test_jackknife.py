"""Jackknife: of a mean it is the textbook's error, and its intervals hold as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from whet.bias.jackknife import Jackknife


def test_of_a_mean_it_is_the_standard_error_and_students_interval():
    values = np.array([1.0, 2.0, 4.0, 5.0, 8.0])
    found = Jackknife.of_mean(values)
    assert (found.value, found.freedom, found.units) == (4.0, 4, 5)
    assert found.error == pytest.approx(values.std(ddof=1) / math.sqrt(5))
    assert found.reach(0.05) == pytest.approx(2.776445 * found.error)  # t of 4 degrees, table
    assert found.interval(0.95) == pytest.approx((4 - found.reach(0.05), 4 + found.reach(0.05)))


@pytest.mark.parametrize("level", [0.95, 0.995])
def test_intervals_of_a_ratio_of_few_units_hold_the_truth(level: float):
    """Eight units, ratio 0.8 planted; also at a level that percentiles of eight units do not reach."""
    random, inside = np.random.default_rng(0), 0
    for _ in range(400):
        below = random.uniform(1, 2, 8)
        rows = np.stack([0.8 * below + random.normal(0, 0.1, 8), below], axis=1)
        interval = Jackknife.of(rows, lambda sums: sums[:, 0] / sums[:, 1]).interval(level)
        assert interval is not None
        inside += interval[0] <= 0.8 <= interval[1]
    assert inside / 400 == pytest.approx(level, abs=0.03)


def test_there_is_no_interval_of_three_units_nor_where_one_unit_holds_everything():
    assert Jackknife.of_mean(np.array([1.0, 2.0, 3.0])).interval(0.95) is None
    rows = np.array([[0.0, 0.0]] * 5 + [[1.0, 2.0]])
    found = Jackknife.of(rows, lambda sums: sums[:, 0] / sums[:, 1])
    assert found.value == 0.5 and found.error == math.inf and found.interval(0.95) is None
    assert Jackknife.of_mean(np.array([1.0])).error == math.inf
