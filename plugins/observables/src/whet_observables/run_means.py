"""RunMean: the mean of one number a trajectory, how sure it is, and whether it differs from another such mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from whet import Estimate

FEWEST = 4
"""Independent trajectories on each side below which nothing is decided, as everywhere in Whet."""


@dataclass(frozen=True)
class RunMean:
    """The mean over trajectories, of which each is one independent value.

    error: standard error of the mean, over trajectories (`over` says so), or over blocks of a single trajectory; None
    where it is not known. units: trajectories.
    """

    value: float
    error: float | None
    units: int
    over: str

    @classmethod
    def of(cls, values: Sequence[float], block_error: float | None = None, blocks: str = "blocks") -> RunMean | None:
        """None where there is no value. block_error: of the only trajectory, from blocks within it."""
        if not values:
            return None
        count = len(values)
        # In one order whatever the order of the trajectories: sums in another order differ in the last digit.
        mean = math.fsum(values) / count
        if count == 1:
            known = block_error is not None and math.isfinite(block_error)
            return cls(mean, block_error if known else None, 1, blocks if known else "")
        variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
        return cls(mean, math.sqrt(variance / count), count, "trajectories")

    @property
    def estimate(self) -> Estimate:
        """The mean with its interval by Student's t; without an interval below four trajectories."""
        if self.units < FEWEST or not self.error:
            return Estimate(self.value)
        reach = self.error * _quantile(self.units - 1, 0.05)
        return Estimate(self.value, (self.value - reach, self.value + reach))

    def less(self, other: RunMean, level: float = 0.95) -> Estimate:
        """The difference from another mean, by Welch's test; without an interval below four trajectories a side."""
        difference = self.value - other.value
        if min(self.units, other.units) < FEWEST or not self.error or not other.error:
            return Estimate(difference)
        one, two = self.error**2, other.error**2
        freedom = (one + two) ** 2 / (one**2 / (self.units - 1) + two**2 / (other.units - 1))
        reach = math.sqrt(one + two) * _quantile(freedom, 1 - level)
        return Estimate(difference, (difference - reach, difference + reach))


def excludes_zero(difference: Estimate) -> bool:
    """Whether its interval is known, and zero is not in it."""
    return difference.interval is not None and not difference.interval[0] <= 0 <= difference.interval[1]


def in_words(difference: Estimate, decimals: int, unit: str) -> str:
    """`+0.021 [+0.010, +0.032] g/cm³`."""

    def shown(value: float) -> str:
        return f"{value:+.{decimals}f}".replace("-", "−")

    text = shown(difference.value or 0.0)
    if difference.interval is not None:
        low, high = difference.interval
        text += f" [{shown(low)}, {shown(high)}]"
    return f"{text} {unit}".rstrip()


def _quantile(freedom: float, outside: float) -> float:
    """Of Student's t: outside of ± it lies the share `outside`."""
    from scipy.special import stdtrit

    return -float(stdtrit(freedom, outside / 2))
