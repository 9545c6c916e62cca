"""Errors by part equal those of the part alone, and scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from scored_sets import labeled, predicted
from whet.bias.error_parts import force_errors_of_parts, frame_errors_of_parts, ratio_of_absolute_errors
from whet.bias.errors import errors, fitted_energies
from whet.bias.force_sizes import force_sizes
from whet.bias.pairs import Comparison
from whet.data.errors import InputError

SAME = 1e-6


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    reference = labeled(12)
    return Comparison.of(reference, predicted(reference, 0.8, noise=0.1, shift=0.3))


def test_elements_equal_scikit_learn_and_the_errors_of_a_set(comparison: Comparison) -> None:
    whole = errors(comparison).forces_by_element
    for one in force_errors_of_parts(comparison, comparison.symbols):
        own = comparison.symbols == one.name
        f, p = comparison.reference.forces[own].ravel(), comparison.predicted.forces[own].ravel()
        line = LinearRegression(fit_intercept=False).fit(f[:, None], p)
        assert one.mae == pytest.approx(mean_absolute_error(f, p), rel=SAME)
        assert one.mae == pytest.approx(whole[one.name].mae, rel=SAME)
        assert one.rmse == pytest.approx(root_mean_squared_error(f, p), rel=SAME)
        assert one.scale == pytest.approx(line.coef_[0], rel=SAME)
        assert one.mae_interval == pytest.approx(whole[one.name].mae_interval, rel=SAME)
        assert (one.frames, one.atoms) == (12, 24)


def test_frames_equal_the_errors_of_each_part_alone(comparison: Comparison) -> None:
    names = ["a" if number % 3 else "b" for number in range(12)]
    shift = fitted_energies(comparison)
    found = frame_errors_of_parts(comparison, names, shift)
    for name in "ab":
        part = comparison.take([place for place, one in enumerate(names) if one == name])
        alone = errors(part, shift)
        assert alone.energy_given is not None
        assert found[name].raw == pytest.approx((alone.energy_raw.mae, alone.energy_raw.rmse), rel=SAME)
        assert found[name].fitted == pytest.approx((alone.energy_given.mae, alone.energy_given.rmse), rel=SAME)
        assert found[name].stress is None and found[name].frames == len(part)


def test_sizes_of_the_force_part_all_atoms(comparison: Comparison) -> None:
    borders, place = force_sizes(comparison)
    size = np.linalg.norm(comparison.reference.forces, axis=1)
    assert len(borders) == 5 and np.bincount(place).sum() == 48
    for (low, high), number in zip(borders, range(5), strict=True):
        assert low <= size[place == number].min() and size[place == number].max() <= high


def test_names_must_fit(comparison: Comparison) -> None:
    with pytest.raises(InputError, match=r"^2 names were given for 48 atoms$"):
        force_errors_of_parts(comparison, ["a", "b"])


def test_ratio_of_errors_before_and_after(comparison: Comparison) -> None:
    half = comparison.with_forces((comparison.reference.forces + comparison.predicted.forces) / 2, "half of the error")
    value, interval = ratio_of_absolute_errors(comparison, [half])
    assert value == pytest.approx(0.5, rel=SAME) and interval == pytest.approx((0.5, 0.5), rel=SAME)
