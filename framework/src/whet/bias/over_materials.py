"""OverMaterials: one number of each of many materials: their mean, their median, and those that stand out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from whet.bias.curvature import Reading, reading_of
from whet.bias.material_scales import MaterialScale
from whet.bias.resampling import Resampling
from whet.bias.standing_out import StandingOut
from whet.contracts.findings import LEAST_UNITS, Estimate, Interval

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class OverMaterials:
    """The curvature ratio, or s where frames do not decide, of the materials that have a slope. Each counts once.

    A slope below 0, of predictions that do not follow the reference at all, counts as it is: its material stands out.

    names, values: (n,). mean: with its interval by drawing materials. median: with its interval by order statistics.
    below: how many values are below 1. standing: those that stand out. reading: of the mean ratio; undecided of s.
    """

    names: tuple[str, ...]
    values: np.ndarray
    mean: Estimate
    median: Estimate
    below: int
    standing: StandingOut | None
    reading: Reading

    @classmethod
    def of(cls, scales: Sequence[MaterialScale], by_ratio: bool, resampling: Resampling | None = None) -> Self:
        """by_ratio: whether the curvature ratio is taken, else s."""
        import numpy as np

        known: list[tuple[str, float, float, int]] = []
        for one in scales:
            inverse = by_ratio and one.curvature.slope == "1/b"
            b = one.slopes.inverse_slope
            value = (1 / b if b else None) if inverse else one.slopes.scale
            error = one.errors[inverse]
            if value is not None:
                known.append((one.name, value, error or 0.0, one.slopes.components))
        values, errors, sizes = (np.array([row[place] for row in known], dtype=float) for place in (1, 2, 3))
        mean = mean_over(values, resampling)
        reading: Reading = "undecided"
        if by_ratio and mean.value is not None and mean.interval is not None:
            reading = reading_of(mean.value, mean.interval)
        return cls(
            tuple(row[0] for row in known),
            values,
            mean,
            Estimate(float(np.median(values)), median_interval(values)) if len(values) else Estimate(None),
            int((values < 1).sum()),
            StandingOut.of(values, errors, sizes) if len(values) else None,
            reading,
        )

    def change_to(self, other: Self, resampling: Resampling | None = None) -> Estimate:
        """Mean of what the values of the materials that both have become in `other`, less what they are here."""
        import numpy as np

        then = dict(zip(other.names, other.values.tolist(), strict=True))
        both = zip(self.names, self.values.tolist(), strict=True)
        return mean_over(np.array([then[name] - value for name, value in both if name in then]), resampling)


def mean_over(values: np.ndarray, resampling: Resampling | None = None) -> Estimate:
    """Mean of (n,) numbers, with the 95 % interval by drawing them; no interval below four, no value of none."""
    import numpy as np

    if not len(values):
        return Estimate(None)
    rows = np.stack([values, np.ones_like(values)], axis=1)
    interval = (resampling or Resampling()).interval(rows, lambda sums: sums[:, 0] / sums[:, 1])
    return Estimate(float(values.mean()), interval)


def median_interval(values: np.ndarray, level: float = 0.95) -> Interval:
    """Of the median of (n,) numbers, however distributed: the narrowest pair of order statistics that covers it.

    The k-th smallest and largest cover it with the probability 1 − 2 P(B < k), B being binomial (n, 1/2). None where
    not even the smallest and the largest do (below six).
    """
    import numpy as np
    from scipy.stats import binom

    count = len(values)
    k = int(binom.ppf((1 - level) / 2, count, 0.5)) if count >= LEAST_UNITS else 0
    if k < 1 or 2 * binom.cdf(k - 1, count, 0.5) > 1 - level:
        return None
    ordered = np.sort(values)
    return float(ordered[k - 1]), float(ordered[count - k])
