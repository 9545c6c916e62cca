"""Softening: slopes of predictors whose truth is known, and exploded predictions."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whet.bias.errors import errors
from whet.bias.pairs import Comparison
from whet.bias.resampling import Resampling
from whet.bias.softening import softening
from whet.bias.softening_parts import softening_by_element
from whet.data.labels import Labels
from whet.plugins.frame_files import read_labeled

FEW = Resampling(resamples=50)
EXACT = 1e-9


@pytest.fixture(scope="module")
def truth():
    """40 frames of 50 atoms, components of unit variance."""
    return np.random.default_rng(0).normal(size=(40, 50, 3))


def noise(like, seed=1):
    return np.random.default_rng(seed).normal(size=np.shape(like))


def test_slopes_are_those_of_numpys_least_squares(made, truth):
    predicted = 0.8 * truth + 0.3 * noise(truth)
    found = softening(made(truth, predicted)).slopes
    f, p = truth.ravel(), predicted.ravel()
    (scale,), (rest,), *_ = np.linalg.lstsq(f[:, None], p)
    (inverse,), (inverse_rest,), *_ = np.linalg.lstsq(p[:, None], f)
    assert found.scale == pytest.approx(scale, rel=EXACT) and found.inverse_slope == pytest.approx(inverse, rel=EXACT)
    assert found.r2 == pytest.approx(1 - rest / (p @ p), rel=EXACT)
    assert found.r2 == pytest.approx(1 - inverse_rest / (f @ f), rel=EXACT)
    assert found.r2 and found.inverse_slope
    assert found.scale == pytest.approx(found.r2 / found.inverse_slope, rel=EXACT)
    assert found.cmae == pytest.approx(np.abs(p / scale - f).mean()) and found.mae == pytest.approx(
        np.abs(p - f).mean()
    )
    assert (found.frames, found.components) == (40, 6000)


REFERENCE = ["reference"] * 40


@pytest.mark.parametrize(("scale", "level"), [(0.75, 0.0), (0.75, 0.2), (0.9, 0.1)])
def test_random_errors_lower_the_inverse_slope_and_not_the_scale(made, truth, scale, level):
    found = softening(made(truth, scale * truth + level * noise(truth), samplers=REFERENCE))
    assert found.slopes.scale == pytest.approx(scale, abs=0.01)
    assert found.slopes.r2 == pytest.approx(scale**2 / (scale**2 + level**2), abs=0.01)
    assert found.slopes.inverse_slope == pytest.approx(scale / (scale**2 + level**2), abs=0.015)
    assert found.reading == "soft" and found.verdict.startswith(f"soft by {100 * (1 - scale):.0f}")
    assert found.robust_scale == pytest.approx(scale, abs=0.01) and found.discounted_frames == ()


@pytest.mark.parametrize("level", [0.1, 0.2, 0.5])
def test_on_its_own_frames_the_scale_of_an_unbiased_potential_is_its_uncentred_r2(made, truth, level):
    found = softening(made(truth + level * noise(truth), truth, samplers=["self"] * 40))
    assert found.slopes.inverse_slope == pytest.approx(1, abs=0.02)
    assert found.slopes.scale == pytest.approx(found.slopes.r2, abs=0.02)
    assert found.slopes.scale == pytest.approx(1 / (1 + level**2), abs=0.02)
    assert found.slopes.scale_interval is not None and found.slopes.scale_interval[1] < 1
    assert found.reading == "not soft"


def test_other_readings(made, truth):
    assert softening(made(truth, 1.2 * truth + 0.1 * noise(truth), samplers=REFERENCE)).reading == "stiff"
    assert softening(made(truth, truth + 0.1 * noise(truth), samplers=REFERENCE)).reading == "not soft"
    assert softening(made(truth[:3], 0.7 * truth[:3], samplers=REFERENCE[:3])).reading == "undecided"
    assert softening(made(truth, -truth, samplers=REFERENCE)).reading == "undecided"
    assert softening(made(truth, 0 * truth, samplers=REFERENCE)).reading == "undecided"
    assert softening(made(truth, 0.7 * truth)).reading == "undecided"  # nobody says who sampled
    assert softening(made(truth[:1], 0.7 * truth[:1])).slopes.scale_interval is None


def test_exploded_predictions_do_not_fool_the_robust_slope(made):
    rng = np.random.default_rng(5)
    truth = [rng.normal(scale=rng.uniform(0.2, 5), size=(rng.integers(1, 20), 3)) for _ in range(1069)]
    predicted = [0.85 * one + 0.15 * rng.normal(size=one.shape) for one in truth]
    exploded = sorted(rng.choice(1069, 66, replace=False).tolist())
    for index in exploded:
        # One atom that another sits on; where the reference pushes too, least squares gets far too steep.
        predicted[index][0] += 60 * truth[index][0] + rng.normal(scale=200, size=3)
    found = softening(made(truth, predicted, samplers=["reference"] * 1069))
    assert found.slopes.scale is not None and abs(found.slopes.scale - 0.85) > 0.3
    assert found.robust_scale == pytest.approx(0.85, abs=0.005)
    assert list(found.discounted_frames) == exploded
    assert found.kept is not None and found.kept.scale == pytest.approx(0.85, abs=0.005)
    assert found.kept.frames == 1003 and found.curvature.ratio == found.kept.scale
    assert found.verdict.endswith("; 66 discounted)") and found.reading == "soft"


def test_frames_wrong_throughout_are_discounted_though_none_of_their_forces_is_large(made, truth):
    predicted = 0.9 * truth + 0.05 * noise(truth)
    predicted[3] = -2 * truth[3]
    found = softening(made(truth, predicted))
    assert found.discounted_frames == (3,) and found.robust_scale == pytest.approx(0.9, abs=0.005)


def test_honest_frames_are_never_discounted(made):
    """Large forces, no forces, and noise that grows with the force are no reason."""
    rng = np.random.default_rng(2)
    truth = [scale * rng.normal(size=(10, 3)) for scale in (0, 1e-8, 0.01, 0.1, 1, 10, 30)] * 10
    for factor in (0.0, 0.3, 0.7, 1.3, 4.0):
        predicted = [factor * one * (1 + 0.3 * rng.normal(size=one.shape)) + 1e-6 for one in truth]
        assert softening(made(truth, predicted), FEW).discounted_frames == ()


def test_where_every_frame_is_discounted_nothing_is_claimed(made, truth):
    wild = np.sign(noise(truth, 7)) * 10.0 ** np.random.default_rng(8).uniform(3, 6, (40, 50, 1))
    found = softening(made(truth, wild), FEW)
    assert found.reading == "undecided"
    assert json.dumps(found.as_json(), allow_nan=False)


@pytest.mark.parametrize("rounding", [0, 1e-7])
def test_a_perfect_crystal_has_errors_and_no_scale(made, rounding):
    zero = [rounding * noise(np.zeros((2, 3)))] * 8
    for off in (0.0, 0.3):  # eV/Å: the second potential has its minima elsewhere
        predicted = [one + off for one in zero]
        comparison = made(zero, predicted)
        found = softening(comparison, FEW)
        assert (found.slopes.scale, found.slopes.r2, found.robust_scale, found.discounted_frames) == (None,) * 3 + ((),)
        assert found.reading == "undecided"
        assert found.verdict.startswith("undecided: all reference forces are zero, so there is no slope")
        assert found.slopes.mae == pytest.approx(off)
        assert errors(comparison).relative_force_rmse is None
        assert json.dumps(found.as_json(), allow_nan=False)


def test_an_element_at_rest_has_no_scale(made, truth):
    """By symmetry its forces are rounding, of which a slope would be one of noise."""
    still = np.where(np.arange(50)[:, None] < 25, 1e-17, 1.0) * truth
    comparison = made(still, 0.8 * still + 1e-12, ["Cu25Ag25"] * 40, samplers=REFERENCE)
    parts = softening_by_element(comparison, FEW)
    assert parts["Ag"].slopes.scale == pytest.approx(0.8) and parts["Ag"].curvature.reading == "soft"
    assert (parts["Cu"].slopes.scale, parts["Cu"].slopes.r2, parts["Cu"].curvature.ratio) == (None, None, None)
    assert "all reference forces are zero" in parts["Cu"].curvature.verdict


def test_plain_data_with_documented_keys(made, truth):
    data = softening(made(truth, 0.8 * truth), FEW).as_json()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    slopes = ["scale", "scale_interval", "r2", "inverse_slope", "inverse_slope_interval"]
    slopes += ["mae", "cmae", "frames", "units", "components"]
    assert list(data["kept"]) == slopes
    rest = ["robust_scale", "robust_scale_interval", "discounted_frames", "kept", "sampler"]
    rest += ["curvature", "curvature_interval", "bounds", "units_of", "reading", "verdict"]
    assert list(data) == [*slopes, *rest, "left_out", "correction"]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 2.0), st.floats(0, 0.5), st.floats(1e-3, 1e3), st.randoms())
def test_order_and_unit_of_the_forces_do_not_matter(made, seed, scale, level, unit, random):
    truth = np.random.default_rng(seed).normal(size=(8, 5, 3))
    predicted = scale * truth + level * noise(truth, seed + 1)
    one = softening(made(truth, predicted), FEW)
    order = random.sample(range(8), 8)
    shuffled = softening(made(truth, predicted).take(order), FEW)
    other = softening(made(unit * truth, unit * predicted), FEW)
    for again in (shuffled, other):
        assert again.slopes.scale == pytest.approx(one.slopes.scale)
        assert again.slopes.scale_interval == pytest.approx(one.slopes.scale_interval)
        assert again.slopes.inverse_slope_interval == pytest.approx(one.slopes.inverse_slope_interval)
        assert again.robust_scale == pytest.approx(one.robust_scale)
    assert one.slopes.scale is not None and one.slopes.scale_interval is not None and one.slopes.r2 is not None
    assert one.slopes.scale_interval[0] <= one.slopes.scale <= one.slopes.scale_interval[1]
    assert 0 <= one.slopes.r2 <= 1 + 1e-12


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_the_scale_follows_the_predictions_and_r2_and_cmae_do_not(made, seed, factor):
    truth, off = np.random.default_rng(seed).normal(size=(2, 6, 5, 3))
    one = softening(made(truth, truth + 0.3 * off), FEW).slopes
    other = softening(made(truth, factor * (truth + 0.3 * off)), FEW).slopes
    assert one.scale and one.inverse_slope
    assert other.scale == pytest.approx(factor * one.scale)
    assert other.inverse_slope == pytest.approx(one.inverse_slope / factor)
    assert (other.r2, other.cmae) == pytest.approx((one.r2, one.cmae))


@pytest.mark.parametrize(("relative", "scale"), [(0.1, 0.991), (0.2, 0.960)])
def test_relative_noise_on_real_forces(reference_data, relative, scale):
    """On its own frames an unbiased potential with 10 % and 20 % relative error has these scales, and is not soft."""
    frames = read_labeled(reference_data / "lgps" / "test-50.extxyz")
    forces = [Labels.of(frame).forces for frame in frames]
    size = np.sqrt(np.mean(np.concatenate(forces) ** 2))
    rng = np.random.default_rng(0)
    share = 1 - relative**2
    predicted = [
        replace(
            Labels.of(frame), forces=share * one + relative * np.sqrt(share) * size * rng.normal(size=one.shape)
        ).attach(frame)
        for frame, one in zip(frames, forces, strict=True)
    ]
    found = softening(Comparison.of(frames, predicted, samplers=["self"] * len(frames)))
    # 30,000 components leave the slope a standard error of about 0.001.
    assert found.slopes.scale == pytest.approx(scale, abs=0.003)
    assert found.slopes.scale == pytest.approx(found.slopes.r2, abs=0.003)
    assert found.reading == "not soft" and found.slopes.components == 30_000


def test_exploded_predictions_on_real_forces(reference_data, made):
    """The trap of MPF at high temperature and pressure: 66 of 1069 frames with predictions above 100 eV/Å."""
    frames = read_labeled(reference_data / "mptrj" / "mpf-TP.extxyz")
    truth = [Labels.of(frame).forces for frame in frames]
    rng = np.random.default_rng(0)
    predicted = [0.85 * one + 0.15 * rng.normal(size=one.shape) for one in truth]
    exploded = sorted(rng.choice(len(frames), 66, replace=False).tolist())
    for index in exploded:
        atom = rng.integers(len(truth[index]))
        push = rng.normal(size=3) + truth[index][atom]
        predicted[index][atom] += 10 ** rng.uniform(2.1, 4) * push / np.linalg.norm(push)
    found = softening(made(truth, predicted))
    assert found.robust_scale == pytest.approx(0.85, abs=0.003) and found.kept is not None
    assert found.kept.scale == pytest.approx(0.85, abs=0.003) and list(found.discounted_frames) == exploded
    assert found.slopes.scale is not None and found.slopes.scale > 2


def test_a_set_without_a_single_usable_frame_has_no_robust_slope(made):
    """The only frame with forces is exploded: nothing is left to fit."""
    truth = [np.zeros((4, 3)), np.full((1, 3), 1e-3)]
    found = softening(made(truth, [np.zeros((4, 3)), np.array([[1e-3, 1e-3, 1e3]])]), FEW)
    assert found.robust_scale is None and found.reading == "undecided" and found.discounted_frames == (1,)
