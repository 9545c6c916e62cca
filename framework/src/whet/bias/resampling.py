"""Resampling: percentile bootstrap intervals over frames, for every number of this room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np

Interval = tuple[float, float] | None
"""Lower and upper end; None where too few frames, or a statistic that resampling leaves undefined, allow none."""


@dataclass(frozen=True)
class Resampling:
    """How intervals are had: frames are drawn with replacement (Efron's percentile bootstrap).

    Whole frames are drawn because the force components of one frame are not independent. resamples: how many draws.
    seed: of NumPy's generator; the same seed gives the same interval. level: probability inside the interval.
    block: neighboring frames drawn together; to be set to about the correlation time, in frames, of a trajectory,
    whose intervals are too narrow otherwise. InputError where a setting makes no sense.
    """

    resamples: int = 1000
    seed: int = 0
    level: float = 0.95
    block: int = 1

    def __post_init__(self) -> None:
        if self.resamples < 1 or self.block < 1 or not 0 < self.level < 1:
            raise InputError(
                f"resamples {self.resamples}, block {self.block}, level {self.level} cannot be used",
                hint="resamples and block are at least 1, level lies between 0 and 1",
            )

    def interval(self, rows: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray]) -> Interval:
        """The interval of a statistic that depends on the frames through sums only.

        rows: (n_frames, k), what each frame adds to the k sums. statistic: (m, k) sums -> (m,) values, NaN where
        undefined. It is None for fewer than two frames (or blocks), and where over 5 % of the draws are undefined.
        The interval always covers the estimate itself: it is widened where the draws are biased.
        """
        import numpy as np

        if blocked(rows, self.block).shape[0] < 2:
            return None
        with np.errstate(all="ignore"):
            drawn = statistic(self.sums(rows))
            estimate = float(statistic(rows.sum(axis=0, keepdims=True))[0])
        return self.between(drawn, estimate)

    def between(self, drawn: np.ndarray, estimate: float) -> Interval:
        """The percentile interval of (resamples,) drawn values, widened to cover `estimate`; None as in `interval`."""
        import numpy as np

        defined = drawn[np.isfinite(drawn)]
        if defined.size < 0.95 * drawn.size or not np.isfinite(estimate):
            return None
        tail = (1 - self.level) / 2
        low, high = np.quantile(defined, (tail, 1 - tail))
        return min(float(low), estimate), max(float(high), estimate)

    def sums(self, rows: np.ndarray, stream: int = 0) -> np.ndarray:
        """Sums over drawn frames, (resamples, k), from rows (n_frames, k); another `stream` draws independently."""
        import numpy as np

        units = blocked(rows, self.block)
        # Sorted, so that the order in which independent frames are given moves no interval.
        units = units[np.lexsort(units.T)] if self.block == 1 else units
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


def blocked(rows: np.ndarray, block: int) -> np.ndarray:
    """Rows (n, k) summed over consecutive blocks of `block` rows; the last block may be shorter."""
    import numpy as np

    return rows if block == 1 or not len(rows) else np.add.reduceat(rows, np.arange(0, len(rows), block), axis=0)


def interval_json(interval: Interval) -> list[float] | None:
    """An interval as plain data: [low, high], or None."""
    return None if interval is None else list(interval)
