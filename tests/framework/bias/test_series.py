"""Series and contrasts: seeds taken together, and what is told apart."""

from __future__ import annotations

import numpy as np
import pytest

from whet.bias.contrast import contrast
from whet.bias.series import Score, Series, softness
from whet.contracts.findings import Estimate
from whet.data.errors import FrameError


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


def test_contrast_of_a_series_with_itself_is_not_resolved(predicted):
    same = {seed: predicted(0.8, seed=seed) for seed in (1, 2)}
    found = contrast(same, same)
    assert found.change.value == 0
    assert not found.resolved


def test_contrast_needs_both_frames_and_seeds(predicted):
    first = {seed: predicted(0.8, seed=seed) for seed in (1, 2, 3)}
    second = {seed: predicted(0.9, seed=seed) for seed in (1, 2, 3)}
    found = contrast(first, second)
    maes = [Score.of(second[seed]).errors.forces.mae - Score.of(first[seed]).errors.forces.mae for seed in first]
    assert found.change.value == pytest.approx(np.mean(maes))
    assert (found.change.seeds, found.frames) == (3, 20)
    assert found.resolved
    scattered = {seed: predicted(0.8 + off, seed=seed) for seed, off in ((1, -0.1), (2, 0.0), (3, 0.18))}
    found = contrast(first, scattered)
    low, high = found.over_seeds or (0, 0)
    assert low < 0 < high
    assert not found.resolved


def test_contrast_of_one_seed_says_nothing_over_seeds(predicted):
    found = contrast({1: predicted(0.7)}, {1: predicted(0.9)})
    assert (found.change.value or 0) < 0
    assert found.over_seeds is None
    assert found.resolved


def test_contrast_pairs_seeds_that_both_have(predicted):
    found = contrast({1: predicted(0.7), 2: predicted(0.8)}, {2: predicted(0.8), 3: predicted(0.5)})
    assert (found.change.value, found.change.seeds) == (0, 1)
    apart = contrast({1: predicted(0.7)}, {2: predicted(0.9)})
    assert (apart.change.value or 0) < 0


def test_contrast_needs_a_frame_in_common(predicted):
    every = predicted(0.8)
    with pytest.raises(FrameError, match="no frame in common"):
        contrast({1: every.take(range(5))}, {1: every.take(range(5, 20))})
