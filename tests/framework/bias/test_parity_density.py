"""Parity as a density: the grid is NumPy's histogram, and a million points take seconds and little memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from whet.bias.parity_density import ParityDensity
from whet.data.errors import InputError


def test_the_counts_are_those_of_numpy() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=5000)
    y = 0.8 * x + 0.3 * random.normal(size=5000)
    found = ParityDensity.of(x, y, -2.0, 2.0, 25)
    expected, edges, _ = np.histogram2d(x, y, bins=25, range=[[-2, 2]] * 2)
    places = [np.searchsorted(edges, one, side="right") - 1 for one in (found.reference, found.predicted)]
    assert expected[places[0], places[1]].tolist() == found.counts.tolist()
    assert found.counts.sum() == expected.sum() and found.outside == 5000 - expected.sum()
    assert len(found) == np.count_nonzero(expected)


def test_a_cell_of_one_point_is_where_the_point_is() -> None:
    found = ParityDensity.of(np.array([0.123, 1.0]), np.array([0.456, 1.0]), 0.0, 1.0, 4)
    assert found.reference.tolist() == [0.123, 1.0] and found.predicted.tolist() == [0.456, 1.0]


def test_what_is_not_finite_is_outside() -> None:
    found = ParityDensity.of(np.array([0.5, np.nan, 0.5]), np.array([0.5, 0.5, np.inf]), 0.0, 1.0, 4)
    assert (found.counts.tolist(), found.outside) == ([1], 2)


def test_a_grid_without_extent_is_refused() -> None:
    with pytest.raises(InputError, match=r"^4 cells from 1.0 to 1.0 are no grid$"):
        ParityDensity.of(np.zeros(1), np.zeros(1), 1.0, 1.0, 4)


def test_a_million_points_are_counted_in_200_mb() -> None:
    x = np.random.default_rng(0).normal(size=1_000_000)
    tracemalloc.start()
    found = ParityDensity.of(x, x + 0.1, -3.0, 3.0, 56)
    assert tracemalloc.get_traced_memory()[1] < 2e8
    tracemalloc.stop()
    assert len(found) < 56 * 56 and found.counts.sum() + found.outside == 1_000_000
