"""Residuals along a trajectory: mean, drift, alignment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats

from whet.bias.pairs import Comparison, LeftOut
from whet.bias.residuals import residual_trace
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.errors import InputError
from whet.data.labels import Failure


@pytest.fixture(scope="module")
def run(labeled):
    """Twelve frames of two atoms, 500 fs apart, with a residual of −16 meV/atom that drifts by 2 meV/atom a ps."""
    times = 500.0 * np.arange(12)
    still = [np.zeros((2, 3))] * 12
    wanted = -16 + 2 * times / 1000 + np.random.default_rng(0).normal(scale=0.1, size=12)
    return times, wanted, labeled(still), labeled(still, 2 * wanted / 1000)


def test_mean_and_drift_are_scipys(run):
    times, wanted, truth, predicted = run
    trace = residual_trace(Comparison.of(truth, predicted, units=[0] * 12), times)
    slope = scipy.stats.linregress(times / 1000, wanted)[0]
    assert trace.residuals == pytest.approx(wanted) and trace.mean == pytest.approx(wanted.mean())
    assert trace.deviation == pytest.approx(wanted.std())
    assert trace.drift == pytest.approx(slope) and trace.drift == pytest.approx(2, abs=0.1)
    # One trajectory has one drift, and nothing to be held against.
    assert trace.drift_interval is None and trace.trajectories == 1
    assert trace.times[1] == 500


def test_alignment_takes_out_what_it_says(run):
    times, wanted, truth, predicted = run
    comparison = Comparison.of(truth, predicted, units=[0] * 12)
    given = residual_trace(comparison, times, ReferenceEnergies({"Cu": 0.016}, 1, 0.0, 5))
    assert given.residuals == pytest.approx(wanted + 16) and given.alignment == "given"
    plain = residual_trace(comparison, times)
    assert plain.residuals == pytest.approx(wanted) and plain.alignment == "none"
    assert plain.drift == pytest.approx(given.drift)


def test_times_belong_to_frames_by_their_index(run):
    times, wanted, truth, predicted = run
    comparison = Comparison.of(truth, [*predicted[:3], Failure("not converged"), *predicted[4:]])
    trace = residual_trace(comparison, times)
    assert trace.times.tolist() == np.delete(times, 3).tolist()
    assert trace.residuals == pytest.approx(np.delete(wanted, 3))
    assert trace.left_out == (LeftOut(3, "no prediction: not converged"),)
    with pytest.raises(InputError, match="11 times do not fit 12 frames, 1 of them left out"):
        residual_trace(comparison, times[:11])


def test_one_moment_has_no_drift(run):
    _, _, truth, predicted = run
    trace = residual_trace(Comparison.of(truth[:1], predicted[:1]), [0.0])
    assert trace.drift is None and trace.mean_interval is None


def test_the_drift_is_that_of_each_trajectory_averaged(labeled):
    """Four trajectories with offsets of their own, of the size of 100 meV/atom, that drift by 2 meV/atom a ps each.

    One line through all of them would have a slope that the offsets and the lengths of the trajectories decide.
    """
    random = np.random.default_rng(4)
    lengths, offsets = (4, 8, 12, 16), (0, 100, -100, 200)
    times = [500.0 * np.arange(count) for count in lengths]
    wanted = [a + 2 * t / 1000 + random.normal(scale=0.1, size=len(t)) for a, t in zip(offsets, times, strict=True)]
    still = [np.zeros((2, 3))] * sum(lengths)
    truth, predicted = labeled(still), labeled(still, 2 * np.concatenate(wanted) / 1000)
    units = np.repeat(range(4), lengths).tolist()
    trace = residual_trace(Comparison.of(truth, predicted, units=units), np.concatenate(times).tolist())
    slopes: list[Any] = [scipy.stats.linregress(t / 1000, r)[0] for t, r in zip(times, wanted, strict=True)]
    assert trace.drift == pytest.approx(np.mean(slopes)) and trace.drift == pytest.approx(2, abs=0.1)
    low, high = trace.drift_interval or (0, 0)
    assert 1.7 < low < 2 < high < 2.3
    assert trace.deviation < 4, "offsets are no deviation along a trajectory"
    assert trace.trajectories == 4 and trace.mean_interval is not None
