"""Errors: against scikit-learn, in their units, and aligned as announced."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from whet.bias.errors import errors
from whet.bias.pairs import Comparison
from whet.bias.resampling import Resampling
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.labels import Labels

FEW = Resampling(resamples=50)


@pytest.fixture(scope="module")
def pair(labeled):
    """Water and copper oxide, predicted with noise, per-element shifts, and a stress here and there."""
    rng = np.random.default_rng(3)
    symbols = ["H2O", "CuO", "Cu2O", "H2O"] * 3
    sizes = [3, 2, 3, 3] * 3
    truth = [rng.normal(size=(size, 3)) for size in sizes]
    energies = rng.normal(size=12)
    stresses = [rng.normal(size=(3, 3)) if index % 2 else None for index in range(12)]
    stresses = [None if one is None else one + one.T for one in stresses]
    shift = {"H": 1.0, "O": -2.0, "Cu": 0.5}
    frames = labeled(truth, energies, symbols, stresses)
    noise = rng.normal(scale=0.01, size=12)
    moved = [sum(shift[s] for s in frame.get_chemical_symbols()) for frame in frames]
    predicted = [one + rng.normal(scale=0.1, size=one.shape) for one in truth]
    rough = [one if one is None or index == 1 else one + 0.01 for index, one in enumerate(stresses)]
    others = labeled(predicted, energies - moved + noise, symbols, rough)
    return frames, others, shift, noise


def test_forces_and_stress_are_scikit_learns(pair):
    frames, others, _, _ = pair
    comparison = Comparison.of(frames, others)
    found = errors(comparison, resampling=FEW)
    truth, predicted = comparison.reference.forces, comparison.predicted.forces
    assert found.forces.mae == pytest.approx(mean_absolute_error(truth.ravel(), predicted.ravel()))
    assert found.forces.rmse == pytest.approx(root_mean_squared_error(truth.ravel(), predicted.ravel()))
    hydrogen = comparison.symbols == "H"
    by_element = found.forces_by_element["H"]
    assert by_element.mae == pytest.approx(mean_absolute_error(truth[hydrogen].ravel(), predicted[hydrogen].ravel()))
    assert (by_element.frames, by_element.values) == (6, 36)
    assert found.stress is not None and (found.stress.frames, found.stress.values) == (6, 36)
    # Five of the six frames with stress are off by 0.01 in each component.
    assert found.stress.mae == pytest.approx(0.01 * 5 / 6)
    assert found.stress.rmse == pytest.approx(0.01 * np.sqrt(5 / 6))


def test_energy_is_per_atom_in_mev_and_aligned_as_announced(pair):
    frames, others, shift, noise = pair
    found = errors(Comparison.of(frames, others), ReferenceEnergies(shift, 3, 0.0, 99), FEW)
    sizes = np.array([len(frame) for frame in frames])
    moved = np.array([sum(shift[s] for s in frame.get_chemical_symbols()) for frame in frames])
    assert found.energy_raw.mae == pytest.approx(1000 * np.abs((noise - moved) / sizes).mean())
    assert found.energy_given is not None
    assert found.energy_given.rmse == pytest.approx(1000 * np.sqrt(np.mean((noise / sizes) ** 2)))
    assert found.energy_fitted_here.rmse <= found.energy_given.rmse
    fitted = ReferenceEnergies.fit(frames, *([Labels.of(frame).energy for frame in side] for side in (frames, others)))
    assert dict(fitted.shift) == pytest.approx(shift, abs=0.05)
    assert found.energy_fitted_here.rmse == pytest.approx(1000 * fitted.residual)


def test_plain_data_with_documented_keys(pair):
    frames, others, _, _ = pair
    found = errors(Comparison.of(frames, others), resampling=FEW)
    data = found.forces.as_json()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert list(data) == ["mae", "rmse", "mae_interval", "rmse_interval", "unit", "frames", "values"]
    assert found.energy_given is None and found.energy_raw.as_json()["unit"] == "meV/atom"
    assert data["mae_interval"][0] < data["mae"] < data["mae_interval"][1]


def test_no_stress_is_no_stress_error(made):
    truth = [np.ones((2, 3))]
    found = errors(made(truth, truth), resampling=FEW)
    assert found.stress is None and found.forces.mae_interval is None and found.relative_force_rmse == 0


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-3, 1e3), st.integers(0, 1000), st.integers(4, 8))
def test_errors_scale_with_the_forces(made, factor, seed, frames):
    rng = np.random.default_rng(seed)
    truth, predicted = rng.normal(size=(2, frames, 4, 3))
    one = errors(made(truth, predicted), resampling=FEW).forces
    other = errors(made(factor * truth, factor * predicted), resampling=FEW).forces
    assert (other.mae, other.rmse) == pytest.approx((factor * one.mae, factor * one.rmse))
    assert one.mae_interval and one.rmse_interval and other.rmse_interval
    assert one.mae_interval[0] <= one.mae <= one.mae_interval[1] and one.mae <= one.rmse
    assert one.rmse_interval[0] <= one.rmse <= one.rmse_interval[1]
    assert other.rmse_interval == pytest.approx([factor * end for end in one.rmse_interval])
