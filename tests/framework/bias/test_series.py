"""Series: seeds taken together."""

from __future__ import annotations

import numpy as np
import pytest

from whet.bias.series import Score, Series, softness
from whet.contracts.findings import Estimate


@pytest.fixture
def predicted(made):
    """(scale, noise, seed) -> a comparison on the same twenty frames."""
    reference = [np.random.default_rng(100 + index).normal(size=(4, 3)) for index in range(20)]

    def make(scale, noise=0.05, seed=0, by="reference"):
        random = np.random.default_rng(seed)
        found = [scale * force + noise * random.normal(size=force.shape) for force in reference]
        return made(reference, found, samplers=[by] * 20)

    return make


def series(*comparisons):
    return Series([Score.of(one) for one in comparisons])


def test_interval_of_the_mean_is_that_of_equal_seeds(predicted):
    once, twice = series(predicted(0.8)), series(predicted(0.8), predicted(0.8))
    assert twice.mae.value == pytest.approx(once.mae.value)
    assert twice.mae.interval == pytest.approx(once.mae.interval, rel=0.01)  # other draws
    assert twice.scale.interval == pytest.approx(once.scale.interval, rel=0.01)
    assert (once.mae.spread, twice.mae.spread) == (None, 0)


def test_scale_of_the_mean_prediction_is_the_mean_of_the_scales(predicted):
    found = series(*(predicted(0.8 + seed / 50, seed=seed) for seed in (1, 2, 3)))
    low, high = found.scale.interval or (0, 0)
    assert found.scale.value == pytest.approx(0.84, abs=0.02)
    assert low < 0.84 < high < low + 0.1


def test_curvature_of_seeds_is_their_mean_where_the_sampler_allows_it(predicted):
    found = series(*(predicted(0.8 + seed / 50, seed=seed) for seed in (1, 2, 3)))
    assert found.curvature == found.scale
    unknown = series(*(predicted(0.8, 0.5, seed, by="unknown") for seed in (1, 2)))
    assert (unknown.curvature.value, unknown.curvature.interval, unknown.readings) == (None, None, "undecided")
    low, high = unknown.bounds or (0, 0)
    assert low == pytest.approx(0.8, abs=0.1) and high > 1
    own = series(*(predicted(0.8, seed=seed, by="self") for seed in (1, 2)))
    assert own.curvature.value == pytest.approx(0.8, abs=0.02) and own.curvature.interval is None


def test_no_interval_where_seeds_left_out_different_frames(predicted):
    fewer = predicted(0.8, seed=2).without([0], "for the test")
    found = series(predicted(0.8, seed=1), fewer)
    assert found.mae.interval is None
    assert found.scale.interval is None
    assert found.mae.value is not None
    assert (found.frames, found.left_out) == (19, 1)


def test_readings_are_counted_where_seeds_disagree(predicted):
    assert series(predicted(0.7), predicted(0.7, seed=1)).readings == "soft"
    mixed = series(predicted(0.7), predicted(1.3), predicted(0.7, seed=1))
    assert mixed.readings == "soft 2/3, stiff 1/3"


def test_softness_keeps_the_interval_right_side_up():
    assert softness(Estimate(0.8, (0.7, 0.9))).interval == pytest.approx((0.1, 0.3))
    assert softness(Estimate(1.1, (0.9, 1.3))).interval == pytest.approx((0.0, 0.3))
    assert softness(Estimate(None)).value is None
