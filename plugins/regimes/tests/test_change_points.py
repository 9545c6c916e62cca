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
    return np.asarray(lfilter([1.0], [1.0, -phi], noise))


def liquid_residuals(replicas: int, frames: int, every: int, seed: int, settle: int = 1500) -> np.ndarray:
    """(replicas, frames): energies of another potential minus those of the one that drives, along its own dynamics.

    Langevin dynamics (BAOAB) of 16 Lennard-Jones atoms at ρ* = 0.7 and T* = 1.2, forces shifted to zero at half the
    box; the other potential is 3 % softer and 2 % larger. Each replica is an independent trajectory.
    """
    random = np.random.default_rng(seed)
    box, step, friction, atoms = (16 / 0.7) ** (1 / 3), 0.006, 1.0, 16
    cut = (box / 2) ** -2
    grid = np.stack(np.meshgrid(*[np.arange(3)] * 3), -1).reshape(-1, 3)[:atoms] * box / 3
    x = grid + random.normal(0, 0.02, (replicas, atoms, 3))
    v = random.normal(size=x.shape) * np.sqrt(1.2)

    def inverse_squares(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        apart = x[:, :, None] - x[:, None]
        apart -= box * np.rint(apart / box)
        squares = np.einsum("rijk,rijk->rij", apart, apart)
        squares[:, range(atoms), range(atoms)] = np.inf
        return apart, 1 / squares

    def slope(q: np.ndarray) -> np.ndarray:
        """−dE/dr · r of each pair, q = 1/r²."""
        return 24 * (2 * q**6 - q**3)

    at_cut = slope(np.array(cut)) * np.sqrt(cut)  # −dE/dr there

    def forces(x: np.ndarray) -> np.ndarray:
        apart, q = inverse_squares(x)
        push = np.where(q > cut, slope(q) * q - at_cut * np.sqrt(q), 0.0)
        return np.einsum("rij,rijk->rik", push, apart)

    def energy(q: np.ndarray, size: float) -> np.ndarray:
        """Of each replica, the pairs within half the box; the step that is left there is the same in all."""
        s = size**6 * q**3
        end = size**6 * cut**3
        shift = 4 * (end**2 - end)
        pairs = 4 * (s**2 - s) - shift + at_cut * (1 / np.sqrt(np.where(q > 0, q, 1)) - box / 2)
        return np.where(q > cut, pairs, 0.0).sum(axis=(1, 2)) / 2

    keep, kick = np.exp(-friction * step), np.sqrt(1.2 * (1 - np.exp(-2 * friction * step)))
    found, f = np.empty((replicas, frames)), forces(x)
    for number in range(settle + frames * every):
        v += step / 2 * f
        x = x + step / 2 * v
        v = keep * v + kick * random.normal(size=v.shape)
        x = x + step / 2 * v
        f = forces(x)
        v += step / 2 * f
        if number >= settle and (number - settle) % every == 0:
            q = inverse_squares(x)[1]
            found[:, (number - settle) // every] = 0.97 * energy(q, 1.02) - energy(q, 1.0)
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
    """20 to 1000 frames; a little above what was measured on shorter ones."""
    random, worst = np.random.default_rng(77), 0.0
    for count, series in ((20, 800), (30, 800), (58, 800), (100, 800), (400, 400), (1000, 200)):
        for phi in (-0.4, 0.0, 0.3, 0.5, 0.7, 0.9, 0.97):
            alarms = sum(bool(change_points(autoregression(phi, count, random)).found) for _ in range(series))
            worst = max(worst, alarms / series)
    assert worst <= 0.03


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
        alarms += bool(change_points(np.asarray(x)).found)
    assert alarms <= ALLOWED * 300


def test_residuals_of_real_dynamics_have_none() -> None:
    """Independent trajectories of a liquid, whole, in halves, and with every second frame alone.

    Their autocorrelation falls to 0.4 from one frame to the next, and then slowly, over some twenty frames.
    """
    whole = liquid_residuals(60, 160, 10, seed=7)
    for series in (whole, [*whole[:, :80], *whole[:, 80:]], whole[:, ::2]):
        found = [change_points(one) for one in series]
        assert sum(not one.too_short for one in found) >= 0.8 * len(found)
        assert sum(bool(one.found) for one in found) <= ALLOWED * len(found)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.8])
def test_a_planted_shift_is_found_where_it_is(phi: float) -> None:
    """Of four standard deviations: off by the correlation time at most, in nearly all series; and inside `within`."""
    random, count, place = np.random.default_rng(1), 300, 180
    off, inside, missed, times = [], 0, 0, (1 + phi) / (1 - phi)
    for _ in range(100):
        x = autoregression(phi, count, random)
        x[place:] += 4
        found = change_points(x).found
        missed += not found
        for one in sorted(found, key=lambda one: abs(one.place - place))[:1]:
            off.append(abs(one.place - place))
            inside += off[-1] <= one.within
    assert missed <= 5
    assert np.mean(np.array(off) <= times) >= 0.95
    assert inside >= 0.95 * len(off)


@pytest.mark.parametrize("second", [3, -3])
def test_two_shifts_do_not_hide_each_other(second: float) -> None:
    x = autoregression(0.3, 300, np.random.default_rng(3))
    x[100:] += 3
    x[220:] += second
    found = change_points(x)
    assert [one.place for one in found.found] == pytest.approx([100, 220], abs=3)
    assert found.inefficiency < 3, "shifts do not pass for correlation"
    assert all(one.strength > 1 for one in found.found)


def test_a_cut_is_where_least_squares_has_it() -> None:
    x = np.random.default_rng(4).normal(size=60)
    x[25:] += 6

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
