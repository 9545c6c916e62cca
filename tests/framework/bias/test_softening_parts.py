"""Softening by element, name, frame and magnitude, and the correction by one factor."""

from __future__ import annotations

import numpy as np
import pytest

from whet.bias.errors import errors
from whet.bias.force_factor import ForceFactor, strongest_frame
from whet.bias.resampling import Resampling
from whet.bias.softening import slopes_of, softening
from whet.bias.softening_parts import (
    softening_by_element,
    softening_by_magnitude,
    softening_by_name,
)
from whet.data.errors import FrameError, InputError
from whet.data.labels import Labels

FEW = Resampling(resamples=50)


def test_each_element_has_its_scale(made):
    truth = np.random.default_rng(0).normal(size=(6, 3, 3))
    predicted = truth * np.array([0.7, 0.7, 0.9])[:, None]
    found = softening_by_element(made(truth, predicted, ["H2O"] * 5 + ["H3"], samplers=["rattle"] * 6), FEW)
    oxygen, hydrogen = found["O"].slopes, found["H"].slopes
    assert oxygen.scale == pytest.approx(0.9) and (oxygen.frames, oxygen.units, oxygen.components) == (5, 5, 15)
    assert hydrogen.frames == 6 and 0.7 < (hydrogen.scale or 0) < 0.9
    assert [found[name].curvature.reading for name in ("O", "H")] == ["soft", "soft"]


def test_each_name_has_its_scale_and_too_few_frames_of_one_decide_nothing(made):
    truth = np.random.default_rng(0).normal(size=(8, 3, 3))
    predicted = truth * np.array([0.7] * 5 + [1.0] * 3)[:, None, None]
    found = softening_by_name(made(truth, predicted, samplers=["reference"] * 8), ["surface"] * 5 + ["bulk"] * 3, FEW)
    assert list(found) == ["bulk", "surface"]
    assert found["surface"].slopes.scale == pytest.approx(0.7) and found["surface"].curvature.reading == "soft"
    assert found["bulk"].slopes.scale == pytest.approx(1.0) and found["bulk"].curvature.reading == "undecided"
    with pytest.raises(InputError, match="1 names were given for 8 frames"):
        softening_by_name(made(truth, predicted), ["bulk"])


def test_bins_by_magnitude_find_where_it_is_soft(made):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(20, 30, 3)) * rng.choice([0.1, 5], size=(20, 30, 1))
    large = np.linalg.norm(truth, axis=2, keepdims=True) > 0.5
    comparison = made(truth, np.where(large, 0.6, 1.0) * truth)
    equal = softening_by_magnitude(comparison, 4, FEW)
    assert [one.atoms for one in equal] == [150] * 4 and [one.high for one in equal[:-1]] == [
        one.low for one in equal[1:]
    ]
    assert equal[0].scale == pytest.approx(1) and equal[-1].scale == pytest.approx(0.6)
    zero = [np.zeros((2, 3))]
    (only,) = softening_by_magnitude(made(zero, zero), 3, FEW)
    assert only.scale is None and only.atoms == 2


def test_bins_that_are_none_are_refused(made):
    with pytest.raises(InputError, match="cannot be made"):
        softening_by_magnitude(made([np.ones((1, 3))], [np.ones((1, 3))]), 0)


@pytest.mark.parametrize(("rule", "words"), [("b", "forces times 1.3"), ("1/s", "forces times 1.3")])
def test_one_frame_corrects_all_forces_and_nothing_else(made, rule, words):
    rng = np.random.default_rng(0)
    truth = [scale * rng.normal(size=(10, 3)) for scale in (1, 3, 2, 1, 1, 1)]
    comparison = made(truth, [0.75 * one + 0.02 * rng.normal(size=one.shape) for one in truth])
    place = strongest_frame(comparison)
    assert place == 1
    corrected = of_place(comparison, place, rule).applied_to(comparison)
    found = softening(corrected, FEW)
    assert found.slopes.scale == pytest.approx(1, abs=0.01)
    assert errors(corrected, resampling=FEW).forces.mae < errors(comparison, resampling=FEW).forces.mae / 3
    assert corrected.predicted.energies is comparison.predicted.energies
    assert "energies and stresses as predicted" in found.correction
    assert found.correction.startswith(words) and f"({rule} of one frame)" in found.correction


def test_division_by_the_scale_over_corrects_and_multiplication_by_b_is_least_squares(made):
    """Planted: a third of each force is not explained by any factor; the untouched potential is not soft."""
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(10, 40, 3))
    comparison = made(truth, 0.8 * truth + 0.6 * rng.normal(size=truth.shape))
    untouched, ours, deng = (
        errors(one, resampling=FEW).forces.rmse
        for one in (comparison, *(of_place(comparison, 0, rule).applied_to(comparison) for rule in ("b", "1/s")))
    )
    assert ours < untouched < deng
    factors = [of_place(comparison, 0, rule).factor for rule in ("b", "1/s")]
    r2 = slopes_of(comparison.take([0]), FEW).r2
    assert factors[1] == pytest.approx(factors[0] / (r2 or 1))


def of_place(comparison, place, rule):
    frame = comparison.frames[place]
    labels = Labels(0.0, comparison.take([place]).predicted.forces)
    return ForceFactor.of_frame(frame, labels.attach(frame), rule)


def test_a_frame_without_forces_or_with_opposite_ones_gives_no_factor(labeled):
    (still,), (one,), (other,) = labeled([np.zeros((2, 3))]), labeled([np.ones((2, 3))]), labeled([-np.ones((2, 3))])
    for reference, predicted in ((still, one), (one, still)):
        with pytest.raises(FrameError, match="gives no factor"):
            ForceFactor.of_frame(reference, predicted)
    with pytest.raises(FrameError, match="the slope -1, which is not positive"):
        ForceFactor.of_frame(one, other)
