"""Resampling: bootstrap intervals over independent units, for every number of this room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from whet.bias.jackknife import Jackknife
from whet.contracts.findings import LEAST_UNITS, Interval
from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Resampling:
    """How intervals are had: independent units (trajectories) are drawn with replacement.

    Whole units are drawn because frames of one trajectory, and the force components of one frame, are alike. The
    ends are Efron's percentiles, expanded for few units: at Φ(√(n/(n − 1)) · t(α; n − 1)) in place of α (Hesterberg,
    Am. Stat. 69, 371 (2015), section 5.3). Draws never leave the range of the units, which holds the mean of four in
    88 % of all cases: so intervals reach at least as far as Student's t does with the jackknife's error. resamples: how
    many draws. seed: of NumPy's generator; the same seed gives the same interval. level: probability inside the
    interval. InputError where a setting makes no sense.
    """

    resamples: int = 1000
    seed: int = 0
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.resamples < 1 or not 0 < self.level < 1:
            raise InputError(
                f"resamples {self.resamples}, level {self.level} cannot be used",
                hint="resamples is at least 1, level lies between 0 and 1",
            )

    def interval(
        self, rows: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], units: np.ndarray | None = None
    ) -> Interval:
        """The interval of a statistic that depends on the frames through sums only.

        rows: (n_frames, k), what each frame adds to the k sums. statistic: (m, k) sums -> (m,) values, NaN where
        undefined. units: (n_frames,) the unit of each frame; None: each is one. It is None for fewer than four units,
        and where over 5 % of the draws are undefined. The interval always covers the estimate itself.
        """
        import numpy as np

        summed = by_unit(rows, units)
        if len(summed) < LEAST_UNITS:
            return None
        with np.errstate(all="ignore"):
            drawn = statistic(self.sums(summed))
            estimate = float(statistic(rows.sum(axis=0, keepdims=True))[0])
        if (drawn_ends := self.between(drawn, estimate, len(summed))) is None:
            return None
        jackknife = Jackknife.of(summed, statistic).interval(self.level) or drawn_ends
        return min(drawn_ends[0], jackknife[0]), max(drawn_ends[1], jackknife[1])

    def between(self, drawn: np.ndarray, estimate: float, units: int) -> Interval:
        """The interval of (resamples,) values drawn from so many units, widened to cover `estimate`; or None."""
        import numpy as np

        defined = drawn[np.isfinite(drawn)]
        if units < LEAST_UNITS or defined.size < 0.95 * drawn.size or not np.isfinite(estimate):
            return None
        tail = _expanded((1 - self.level) / 2, units)
        low, high = np.quantile(defined, (tail, 1 - tail))
        return min(float(low), estimate), max(float(high), estimate)

    def sums(self, rows: np.ndarray, stream: int = 0) -> np.ndarray:
        """Sums over drawn units, (resamples, k), from rows (n_units, k); another `stream` draws independently."""
        import numpy as np

        # Sorted, so that the order in which they are given moves no interval.
        units = rows[np.lexsort(rows.T)]
        count = units.shape[0]
        generator = np.random.default_rng((self.seed, stream))
        result = np.empty((self.resamples, units.shape[1]))
        # As many draws at a time as keep the table of counts near 32 MB.
        at_once = max(1, 4_000_000 // count)
        for start in range(0, self.resamples, at_once):
            many = min(at_once, self.resamples - start)
            chosen = generator.integers(0, count, (many, count)) + count * np.arange(many)[:, None]
            counts = np.bincount(chosen.ravel(), minlength=many * count).reshape(many, count)
            result[start : start + many] = counts.astype(float) @ units
        return result


def by_unit(rows: np.ndarray, units: np.ndarray | None) -> np.ndarray:
    """Rows (n, k) summed over the rows of each unit: (n_units, k). units: (n,); None: each row is one."""
    import numpy as np

    if units is None:
        return rows
    names, places = np.unique(units, return_inverse=True)
    found = np.zeros((len(names), rows.shape[1]))
    np.add.at(found, places, rows)
    return found


@cache
def _expanded(tail: float, units: int) -> float:
    from scipy.stats import norm, t

    return float(norm.cdf(t.ppf(tail, units - 1) * (units / (units - 1)) ** 0.5))


def interval_json(interval: Interval) -> list[float] | None:
    """An interval as plain data: [low, high], or None."""
    return None if interval is None else list(interval)
