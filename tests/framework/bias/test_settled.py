"""What a series allows: short ones and relaxing ones have no drift and no width; stationary, correlated ones have."""

from __future__ import annotations

import numpy as np
import pytest

from whet.bias.settled import settled
from whet.data.errors import FrameError
from whet.data.fastest_mode import period_of

WATER = {"H", "O"}


def correlated(count: int, memory: float, random: np.random.Generator) -> np.ndarray:
    """A stationary series of unit variance; memory: correlation of a frame with the next."""
    series = np.empty(count)
    series[0] = random.normal()
    for place in range(1, count):
        series[place] = memory * series[place - 1] + np.sqrt(1 - memory**2) * random.normal()
    return series


def runs(number: int, count: int, memory: float, seed: int, relaxes: float = 0.0) -> list:
    """Runs of `count` frames 10 fs apart whose energy relaxes by so many standard deviations (5 meV/atom)."""
    random = np.random.default_rng(seed)
    times = 10.0 * np.arange(count)
    decay = relaxes * np.exp(-3 * times / times[-1])
    return [(times, 0.005 * (correlated(count, memory, random) + decay)) for _ in range(number)]


@pytest.mark.parametrize(("number", "count", "memory"), [(4, 11, 0.0), (4, 11, 0.9), (6, 51, 0.5), (1, 101, 0.5)])
def test_stationary_series_are_allowed_however_correlated(number: int, count: int, memory: float) -> None:
    """95 % are to be: of 200 fewer than 178 have a probability below 0.1 %."""
    allowed = sum(settled(runs(number, count, memory, seed), WATER).allows for seed in range(200))
    assert allowed >= 178


@pytest.mark.parametrize(("number", "count", "relaxes"), [(4, 11, 10), (6, 21, 4), (1, 101, 4), (2, 21, 10)])
def test_relaxing_series_are_refused(number: int, count: int, relaxes: float) -> None:
    found = [settled(runs(number, count, 0.5, seed, relaxes), WATER) for seed in range(50)]
    assert sum(one.allows for one in found) <= 5
    refused = next(one for one in found if not one.allows)
    assert refused.reason.startswith("the driver's energy still falls, by ") and refused.change < 0


def test_a_trend_that_is_significant_but_small_is_no_fault() -> None:
    """A tenth of a standard deviation over a run, in a hundred long runs: it adds nothing to a width."""
    random, times = np.random.default_rng(0), np.arange(0, 10_000, 10.0)
    every = [(times.tolist(), (random.normal(size=1000) + 3e-5 * times).tolist()) for _ in range(100)]
    found = settled(every, WATER)
    assert found.allows and found.change == pytest.approx(0.3, abs=0.05)


def test_a_short_series_is_refused_and_says_so() -> None:
    found = settled([([0, 10, 20, 30], [0.0] * 4)] * 5, WATER)
    words = "30 fs are 3 periods of the fastest mode (at most 10 fs each), and 10 are needed"
    assert found.reason.replace("\N{NO-BREAK SPACE}", " ") == words
    assert settled([([0, 60, 120], [0.0] * 3)], WATER).reason == "3 frames are too few, 5 are needed"
    assert "less than one period" in settled([([0.0], [0.0])], {"Cl", "Li"}).reason
    with pytest.raises(FrameError, match="no run"):
        settled([], WATER)


@pytest.mark.parametrize(
    ("symbols", "measured"),
    # fs: of the O–H stretch, and of the highest phonons of LiCl (400 cm⁻¹), aluminium, copper and lead (THz).
    [({"H", "O"}, 9), ({"Li", "Cl"}, 83), ({"Al"}, 1000 / 9.7), ({"Cu"}, 1000 / 7.4), ({"Pb"}, 1000 / 2.2)],
)
def test_periods_are_rather_too_long_than_too_short(symbols: set[str], measured: float) -> None:
    assert measured <= period_of(symbols) <= 4 * measured
