"""standing_out: which of many values lie where chance alone would hardly put any of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from whet.bias.curvature import SMALL
from whet.contracts.findings import LEAST_UNITS

if TYPE_CHECKING:
    import numpy as np

RATE = 0.05
"""How often any of the values is named at all, where nothing but normal scatter tells them apart."""

SIGMA = 1.4826
"""Standard deviation of normal numbers over their median absolute deviation from the median."""

DRAWN = 4_000_000
"""Normal numbers from which the bound is had."""


@dataclass(frozen=True, eq=False)
class StandingOut:
    """Values that stand out of many by a robust rule: beyond median ± k · 1.4826 MAD, whatever their own errors are.

    MAD is the median absolute deviation from the median. k is such that among as many normal values the farthest lies
    beyond it in RATE of all cases; it grows with their number, and is large for few. A value stands out where it is
    beyond it, and beyond k times √(scatter² + error²), its own standard error included, and more than `least` from
    the median. scatter is what the values differ by over their errors: the smallest number at which
    the median of |value − median|/√(scatter² + error²) is that of normal numbers. So values of few frames are not
    named for being uncertain.

    places: of those that stand out, the farthest first. spread: 1.4826 MAD.
    """

    median: float
    spread: float
    scatter: float
    k: float
    places: tuple[int, ...]

    @classmethod
    def of(cls, values: np.ndarray, errors: np.ndarray, sizes: np.ndarray, least: float = SMALL) -> StandingOut:
        """values: (n,), at least one. errors: (n,) their standard errors. sizes: (n,) numbers behind each.

        An error is at least what the median of errors² · sizes makes of the size: of few numbers it may come out far
        too small. Nothing stands out of fewer than four.
        """
        import numpy as np

        median = float(np.median(values))
        off = np.abs(values - median)
        spread = SIGMA * float(np.median(off))
        k = bound(len(values))
        variance = np.maximum(errors**2, np.median(errors**2 * sizes) / sizes)
        scatter = _scatter(off, variance)
        beyond = (off > k * spread) & (off**2 > k**2 * (scatter**2 + variance)) & (off > least)
        if len(values) < LEAST_UNITS:
            beyond[:] = False
        places = sorted(np.flatnonzero(beyond).tolist(), key=lambda place: -off[place])
        return cls(median, spread, scatter, k, tuple(places))


def _scatter(off: np.ndarray, variance: np.ndarray) -> float:
    """By bisection; 0 where the errors alone are enough."""
    import numpy as np

    def typical(scatter: float) -> float:
        with np.errstate(divide="ignore", invalid="ignore"):
            return SIGMA * float(np.median(np.nan_to_num(off / np.sqrt(scatter**2 + variance))))

    low, high = 0.0, SIGMA * float(np.median(off))
    if typical(low) <= 1:
        return low
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if typical(middle) > 1 else (low, middle)
    return high


@cache
def bound(count: int, rate: float = RATE) -> float:
    """k: the farthest of `count` normal numbers is beyond k · 1.4826 MAD of their median in `rate` of all cases.

    From 4 million drawn numbers, always the same ones; infinite below four.
    """
    import numpy as np

    if count < LEAST_UNITS:
        return float("inf")
    random, farthest = np.random.default_rng(count), list[np.ndarray]()
    times = max(DRAWN // count, 400)
    at_once = max(1, 1_000_000 // count)
    for start in range(0, times, at_once):
        drawn = random.standard_normal((min(at_once, times - start), count))
        off = np.abs(drawn - np.median(drawn, axis=1, keepdims=True))
        farthest.append(off.max(axis=1) / (SIGMA * np.median(off, axis=1)))
    return float(np.quantile(np.concatenate(farthest), 1 - rate))
