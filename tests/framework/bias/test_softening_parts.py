"""Softening by element, frame and magnitude, and the correction by one scale."""

from __future__ import annotations

import json

import numpy as np
import pytest

from whet.bias.errors import errors
from whet.bias.one_scale import one_scale_correction, strongest_frame
from whet.bias.resampling import Resampling
from whet.bias.softening import softening
from whet.bias.softening_parts import softening_by_element, softening_by_frame, softening_by_magnitude
from whet.data.errors import FrameError, InputError

FEW = Resampling(resamples=50)


def test_each_element_has_its_scale(made):
    truth = np.random.default_rng(0).normal(size=(6, 3, 3))
    predicted = truth * np.array([0.7, 0.7, 0.9])[:, None]
    found = softening_by_element(made(truth, predicted, ["H2O"] * 5 + ["H3"]), FEW)
    assert found["O"].scale == pytest.approx(0.9) and (found["O"].frames, found["O"].components) == (5, 15)
    assert found["H"].frames == 6 and 0.7 < (found["H"].scale or 0) < 0.9


def test_each_frame_has_its_scale(made):
    truth = np.random.default_rng(0).normal(size=(3, 4, 3))
    truth[1] = 0
    found = softening_by_frame(made(truth, [0.5 * truth[0], truth[1] + 1, -2 * truth[2]]))
    assert [one.scale for one in found] == [pytest.approx(0.5), None, pytest.approx(-2)]
    assert found[0].as_json() == {"index": 0, "scale": pytest.approx(0.5), "r2": pytest.approx(1)}


def test_bins_by_magnitude_find_where_it_is_soft(made):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(20, 30, 3)) * rng.choice([0.1, 5], size=(20, 30, 1))
    large = np.linalg.norm(truth, axis=2, keepdims=True) > 0.5
    comparison = made(truth, np.where(large, 0.6, 1.0) * truth)
    low, high = softening_by_magnitude(comparison, [0, 0.5, 100], FEW)
    assert low.scale == pytest.approx(1) and high.scale == pytest.approx(0.6)
    assert low.atoms + high.atoms == 600 and (low.low, high.high) == (0, 100)
    equal = softening_by_magnitude(comparison, 4, FEW)
    assert [one.atoms for one in equal] == [150] * 4
    assert json.dumps([one.as_json() for one in equal], allow_nan=False)
    zero = [np.zeros((2, 3))]
    (only,) = softening_by_magnitude(made(zero, zero), 3, FEW)
    assert only.scale is None and only.atoms == 2


@pytest.mark.parametrize("edges", [0, [1.0], [0, 2, 1]])
def test_bins_that_are_none_are_refused(made, edges):
    with pytest.raises(InputError, match=r"cannot be made|do not rise"):
        softening_by_magnitude(made([np.ones((1, 3))], [np.ones((1, 3))]), edges)


def test_one_frame_corrects_all_forces_and_nothing_else(made):
    rng = np.random.default_rng(0)
    truth = [scale * rng.normal(size=(10, 3)) for scale in (1, 3, 2, 1, 1, 1)]
    comparison = made(truth, [0.75 * one + 0.02 * rng.normal(size=one.shape) for one in truth])
    place = strongest_frame(comparison)
    assert place == 1
    single = comparison.take([place])
    scale = softening_by_frame(single)[0].scale
    corrected = one_scale_correction_of(comparison, place).applied_to(comparison)
    found = softening(corrected, FEW)
    assert found.slopes.scale == pytest.approx((softening(comparison, FEW).slopes.scale or 0) / (scale or 1))
    assert found.slopes.scale == pytest.approx(1, abs=0.01)
    assert errors(corrected, resampling=FEW).forces.mae < errors(comparison, resampling=FEW).forces.mae / 3
    assert corrected.predicted.energies is comparison.predicted.energies
    assert "energies and stresses as predicted" in found.as_json()["correction"]
    assert found.correction.startswith("forces divided by 0.7")


def one_scale_correction_of(comparison, place):
    from whet.data.labels import Labels

    frame = comparison.frames[place]
    labels = Labels(0.0, comparison.take([place]).predicted.forces)
    return one_scale_correction(frame, labels.attach(frame))


def test_a_frame_without_forces_or_with_opposite_ones_gives_no_scale(labeled):
    (still,), (one,), (other,) = labeled([np.zeros((2, 3))]), labeled([np.ones((2, 3))]), labeled([-np.ones((2, 3))])
    with pytest.raises(FrameError, match="gives no scale"):
        one_scale_correction(still, one)
    with pytest.raises(FrameError, match="the scale -1, which is not positive"):
        one_scale_correction(one, other)
