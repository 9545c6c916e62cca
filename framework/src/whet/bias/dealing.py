"""Dealing: trajectories dealt out to two sets at random, as chance would: a permutation test of many numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

from whet.bias.resampling import Resampling
from whet.contracts.findings import LEAST_UNITS

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Dealing:
    """Ways to deal the trajectories of two sets out to two sets of the same sizes.

    first: (m, n_trajectories) bool, which are dealt to the first set; row 0 is how they are. drawn: whether these are
    random ones of more ways. fewest: trajectories of the smaller set; below four there is no test. least: the smallest
    p that these ways allow a distance, which is the same from either set.
    """

    first: np.ndarray
    drawn: bool
    fewest: int
    least: float
    level: float

    @classmethod
    def of(cls, first: int, second: int, draws: Resampling) -> Dealing:
        """All ways where there are at most `draws.resamples`; else so many at random, beside how they are."""
        import numpy as np

        total, ways = first + second, comb(first + second, first)
        as_they_are = np.arange(total) < first
        exact = ways <= draws.resamples
        if exact:
            dealt = np.zeros((ways, total), dtype=bool)
            for row, chosen in enumerate(combinations(range(total), first)):  # the first way is how they are
                dealt[row, chosen] = True
        else:
            generator = np.random.default_rng((draws.seed, 3))
            dealt = generator.permuted(np.tile(as_they_are, (draws.resamples + 1, 1)), axis=1)
            dealt[0] = as_they_are
        # Two sets of one size can change places without any distance being another.
        least = (2 if exact and first == second else 1) / len(dealt)
        return cls(dealt, not exact, min(first, second), least, draws.level)

    def p_of(self, numbers: np.ndarray) -> float:
        """The share of the ways in which one number (m,) is at least as large as it is, itself counted.

        p = #{i: T_i ≥ T_0}/m, T_0 being the number as it is.
        Exact, whatever the distribution and however alike frames of one trajectory are (Pitman, Suppl. J. R. Stat. Soc.
        4 (1937) 119); valid still where ways are drawn (Phipson & Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010) 39).
        """
        # Sums in another order differ in their last digits.
        return float((numbers >= numbers[0] - 1e-12).mean())

    def test(self, numbers: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[list[float], list[float]]:
        """The p of each number, and the value that it must exceed to be further apart than chance; nothing of few.

        numbers: of each, how far the two sets are apart for each way of dealing (m,), and how far each trajectory is
        from each other (n, n). The first is divided by the mean of the second within the sets, which makes numbers
        comparable and, unlike division by the spread over all ways, leaves a large shift large. Each is held against
        the largest of all numbers (max T of Westfall and Young, Resampling-Based Multiple Testing, 1993). So where
        trajectories of both sets are drawn alike, the chance that *any* p is at most 5 % is at most 5 %, however the
        numbers depend on each other.
        """
        import numpy as np

        if self.fewest < LEAST_UNITS or not numbers:
            return [], []
        scales = np.stack([self._within(apart) for _, apart in numbers], axis=1)
        ratios = np.stack([np.nan_to_num(between) for between, _ in numbers], axis=1) / scales
        largest = np.sort(ratios.max(axis=1))
        p = (largest[:, None] >= ratios[0] * (1 - 1e-9)).mean(axis=0)
        beyond = int(np.floor((1 - self.level) * len(largest) + 1e-9))
        return p.tolist(), (largest[len(largest) - 1 - beyond] * scales[0]).tolist()

    def _within(self, apart: np.ndarray) -> np.ndarray:
        """Mean distance (m,) of two trajectories that are dealt to one set."""
        import numpy as np

        known = np.where(np.isfinite(apart), apart, np.nanmean(apart) if np.isfinite(apart).any() else 0.0)
        sets = self.first.astype(float), (~self.first).astype(float)
        sizes = [one[0].sum() for one in sets]
        found = sum(((one @ known) * one).sum(axis=1) for one in sets) / sum(size * (size - 1) for size in sizes)
        return np.maximum(found, 1e-9 * (known.max() or 1.0))
