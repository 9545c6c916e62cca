"""Stationary correlated series have no change points; planted ones are found where they are."""

from __future__ import annotations

import numpy as np
import pytest

from whet_regimes.change_points import FEWEST, change_points
from whet_regimes.inefficiency import statistical_inefficiency

ALLOWED = 0.05
"""Share of stationary series that may get a change point."""


def autoregression(phi: float, count: int, random: np.random.Generator) -> np.ndarray:
    """A stationary series of variance 1 whose autocorrelation is φ^t."""
    from scipy.signal import lfilter

    noise = random.normal(size=count) * np.sqrt(1 - phi**2)
    noise[0] = random.normal()
    return lfilter([1.0], [1.0, -phi], noise)


def liquid_residuals(replicas: int, frames: int, every: int, seed: int) -> np.ndarray:
    """(replicas, frames): energies of another potential minus those of the one that drives, along its own dynamics.

    Langevin dynamics (BAOAB) of 27 Lennard-Jones atoms at ρ* = 0.8 and T* = 1, forces shifted to zero at half the box;
    the other potential is 3 % softer and 2 % larger. Each replica is an independent trajectory.
    """
    random = np.random.default_rng(seed)
    box, step, friction = (27 / 0.8) ** (1 / 3), 0.005, 0.5
    i, j = np.triu_indices(27, 1)
    grid = np.stack(np.meshgrid(*[np.arange(3)] * 3), -1).reshape(-1, 3) * box / 3
    x = grid + random.normal(0, 0.02, (replicas, 27, 3))
    v = random.normal(size=x.shape)

    def pair(r: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
        s = (size / r) ** 6
        return 4 * (s**2 - s), 24 * (2 * s**2 - s) / r

    def energy(r: np.ndarray, size: float) -> np.ndarray:
        """Of each replica, its force zero from half the box on."""
        cut = np.array(box / 2)
        e, at = pair(r, size), pair(cut, size)
        return np.where(r < cut, e[0] - at[0] + (r - cut) * at[1], 0.0).sum(axis=1)

    def distances(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        apart = x[:, i] - x[:, j]
        apart -= box * np.rint(apart / box)
        return apart, np.linalg.norm(apart, axis=2)

    def forces(x: np.ndarray) -> np.ndarray:
        apart, r = distances(x)
        push = np.where(r < box / 2, pair(r, 1.0)[1] - pair(np.array(box / 2), 1.0)[1], 0.0)[..., None]
        push = push * apart / r[..., None]
        found = np.zeros_like(x)
        np.add.at(found, (slice(None), i), push)
        np.add.at(found, (slice(None), j), -push)
        return found

    keep, kick = np.exp(-friction * step), np.sqrt(1 - np.exp(-2 * friction * step))
    found, f = np.empty((replicas, frames)), forces(x)
    for number in range(1000 + frames * every):
        v += step / 2 * f
        x = x + step / 2 * v
        v = keep * v + kick * random.normal(size=v.shape)
        x = x + step / 2 * v
        f = forces(x)
        v += step / 2 * f
        if number >= 1000 and number % every == 0:
            r = distances(x)[1]
            found[:, (number - 1000) // every] = 0.97 * energy(r, 1.02) - energy(r, 1.0)
    return found


@pytest.mark.parametrize("count", [20, 30, 58, 200])
@pytest.mark.parametrize("phi", [-0.4, 0.0, 0.3, 0.5, 0.7, 0.9, 0.97])
def test_a_stationary_series_has_a_change_point_in_five_percent_of_the_cases_at_most(count: int, phi: float) -> None:
    random = np.random.default_rng(count)
    found = [change_points(autoregression(phi, count, random)) for _ in range(300)]
    assert sum(bool(one.found) for one in found) <= ALLOWED * len(found)
    assert all(not one.found for one in found if one.too_short)


@pytest.mark.slow
def test_the_same_of_many_more_and_longer_series() -> None:
    """Measured: at most 3.0 % of any kind; of all kinds together 1.5 %."""
    random, worst = np.random.default_rng(77), 0.0
    for count, series in ((20, 800), (30, 800), (58, 800), (100, 800), (400, 400), (1000, 200)):
        for phi in (-0.4, 0.0, 0.3, 0.5, 0.7, 0.9, 0.97):
            alarms = sum(bool(change_points(autoregression(phi, count, random)).found) for _ in range(series))
            worst = max(worst, alarms / series)
    assert worst <= 0.04


@pytest.mark.parametrize("kind", ["oscillates", "is heavy-tailed", "has two times"])
def test_other_stationary_series_have_none_either(kind: str) -> None:
    from scipy.signal import lfilter

    random, alarms = np.random.default_rng(5), 0
    for _ in range(300):
        noise = random.normal(size=500)
        if kind == "oscillates":
            x = lfilter([1.0], [1.0, -1.6, 0.9], noise)[300:]
        elif kind == "is heavy-tailed":
            x = lfilter([1.0], [1.0, -0.5], random.standard_t(3, size=500))[300:]
        else:
            x = lfilter([1.0], [1.0, -0.9], noise)[300:] + 2 * random.normal(size=200)
        alarms += bool(change_points(x).found)
    assert alarms <= ALLOWED * 300


@pytest.mark.parametrize("every", [4, 25])
def test_residuals_of_real_dynamics_have_none(every: int) -> None:
    """40 independent trajectories of a liquid, whole and in halves."""
    residuals = liquid_residuals(40, 160, every, seed=every)
    series = [*residuals, *residuals[:, :80], *residuals[:, 80:]]
    found = [change_points(one) for one in series]
    assert sum(not one.too_short for one in found) >= (50 if every == 25 else 0)
    assert sum(bool(one.found) for one in found) <= ALLOWED * len(found)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.8])
def test_a_planted_shift_is_found_where_it_is(phi: float) -> None:
    """Of four standard deviations: off by the correlation time at most, in nearly all series; and inside `within`."""
    random, count, place = np.random.default_rng(1), 300, 180
    off, inside, times = [], 0, (1 + phi) / (1 - phi)
    for _ in range(100):
        x = autoregression(phi, count, random)
        x[place:] += 4
        found = change_points(x)
        assert len(found.found) >= 1
        (nearest,) = sorted(found.found, key=lambda one: abs(one.place - place))[:1]
        off.append(abs(nearest.place - place))
        inside += abs(nearest.place - place) <= nearest.within
    assert np.mean(np.array(off) <= times) >= 0.95
    assert inside >= 95


def test_two_shifts_are_both_found_and_a_shift_does_not_pass_for_correlation() -> None:
    x = autoregression(0.3, 300, np.random.default_rng(3))
    x[100:] += 3
    x[220:] += 3
    found = change_points(x)
    assert [one.place for one in found.found] == pytest.approx([100, 220], abs=3)
    assert found.inefficiency < 100
    assert all(one.strength > 1 for one in found.found)


def test_a_cut_is_where_least_squares_has_it() -> None:
    x = np.random.default_rng(4).normal(size=60)
    x[25:] += 5

    def left(k: int) -> float:
        return float(((x[:k] - x[:k].mean()) ** 2).sum() + ((x[k:] - x[k:].mean()) ** 2).sum())

    (one,) = change_points(x).found
    assert one.place == min(range(3, 57), key=left)


def test_too_short_a_series_says_so() -> None:
    jump = np.array([0.0] * 9 + [10.0] * 9)
    few = change_points(jump)
    assert few.too_short and few.independent == 18 < FEWEST and not few.found
    slow = change_points(autoregression(0.97, 60, np.random.default_rng(0)))
    assert slow.too_short and slow.inefficiency > 3


def test_rounding_is_no_fluctuation() -> None:
    assert not change_points(np.zeros(100)).found
    assert not change_points(1e-12 * np.random.default_rng(0).normal(size=100)).found
    (one,) = change_points(np.repeat([0.0, 1.0], 50)).found
    assert one.place == 50


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_the_inefficiency_is_that_of_the_autoregression(phi: float) -> None:
    random = np.random.default_rng(2)
    found = []
    for _ in range(50):
        x = autoregression(phi, 3000, random)
        found.append(statistical_inefficiency(x - x.mean()))
    assert np.mean(found) == pytest.approx((1 + phi) / (1 - phi), rel=0.1)
