"""Jackknife: a statistic of sums over independent units, and how sure it is, from leaving out one unit at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.contracts.findings import LEAST_UNITS, Interval

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Jackknife:
    """A value with its standard error (Tukey, Ann. Math. Stat. 29, 614 (1958)), for intervals by Student's t.

    Beside `Resampling`, for levels so rare that percentiles of a few units cannot reach them, and for intervals that
    are put together from several. value: NaN where it is not defined. error: infinite where leaving out one of the
    units leaves it undefined, and of fewer than two. freedom: degrees of it. units: how many there are.
    """

    value: float
    error: float
    freedom: float
    units: int

    @classmethod
    def of(
        cls,
        rows: np.ndarray,
        statistic: Callable[[np.ndarray], np.ndarray],
        freedom: float | None = None,
        without: np.ndarray | None = None,
    ) -> Jackknife:
        """rows: (n_units, k), what each unit adds to k sums. statistic: (m, k) sums -> (m,) values, or NaN.

        error = √((n − 1)/n · Σ(θ_i − ⟨θ⟩)²), θ_i being the statistic without unit i and ⟨θ⟩ their mean.
        freedom: of Student's t, where it is not one less than the units. without: (n_units, k), the sums that are left
        without each unit, where these are not the total less its row.
        """
        import numpy as np

        count, total = len(rows), rows.sum(axis=0, keepdims=True)
        error = math.inf
        with np.errstate(all="ignore"):
            value = float(statistic(total)[0])
            if count > 1:
                left = statistic(total - rows if without is None else without)
                error = math.sqrt((count - 1) / count * float(((left - left.mean()) ** 2).sum()))
        error = error if math.isfinite(error) else math.inf
        return cls(value, error, count - 1 if freedom is None else freedom, count)

    @classmethod
    def of_mean(cls, values: np.ndarray) -> Jackknife:
        """Of the mean of (n_units,) values: the usual standard error."""
        import numpy as np

        return cls.of(np.stack([values, np.ones_like(values)], axis=1), lambda sums: sums[:, 0] / sums[:, 1])

    def reach(self, p: float) -> float:
        """Half-width of the interval outside of which the truth is with the probability p."""
        from scipy.special import stdtrit

        return -float(stdtrit(self.freedom, p / 2)) * self.error

    def interval(self, level: float) -> Interval:
        """value ± t(1/2 + level/2; freedom) · error; None below four units, and where either is not defined."""
        if self.units < LEAST_UNITS or not math.isfinite(self.value + self.error):
            return None
        reach = self.reach(1 - level)
        return self.value - reach, self.value + reach
