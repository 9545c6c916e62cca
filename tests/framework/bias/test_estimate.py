"""Estimates over seeds."""

from __future__ import annotations

import pytest

from whet.bias.estimate import over_seeds


def test_mean_and_standard_deviation_over_seeds():
    found = over_seeds([1.0, 2.0, 3.0], (0.5, 3.5))
    assert (found.value, found.spread, found.seeds, found.interval) == (2.0, 1.0, 3, (0.5, 3.5))


def test_one_seed_has_no_spread():
    assert over_seeds([1.0]).spread is None


@pytest.mark.parametrize("values", [[], [None], [1.0, None]])
def test_no_value_where_a_seed_has_none(values):
    found = over_seeds(values, (0.0, 1.0))
    assert (found.value, found.interval, found.seeds) == (None, None, len(values))
