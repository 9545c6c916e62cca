"""Rates: how often something happens, and whether it happens more often here than there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

FEWEST = 4
"""Independent trajectories below which there is no interval."""

ALL = 20_000
"""Ways of dealing trajectories that are all looked at; of more, so many are drawn."""


@dataclass(frozen=True)
class Counts:
    """Events of independent trajectories. events, times: of each trajectory, times in any unit."""

    events: Sequence[float]
    times: Sequence[float]

    @property
    def rate(self) -> float | None:
        """Events over time, all trajectories together; None without any time."""
        return sum(self.events) / sum(self.times) if sum(self.times) > 0 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % of the rate; None below four trajectories.

        Garwood's exact interval of a Poisson count, widened where counts of trajectories scatter by more than a
        Poisson process does: the count is divided, and the interval multiplied, by Pearson's χ²/(n − 1), at least 1.
        Without any event it reaches from 0 to 3.69 over the time.
        """
        from scipy.stats import chi2

        if len(self.events) < FEWEST or self.rate is None:
            return None
        total, time = sum(self.events), sum(self.times)
        expected = [self.rate * one for one in self.times]
        pearson = sum((n - m) ** 2 / m for n, m in zip(self.events, expected, strict=True) if m > 0)
        scatter = max(1.0, pearson / (len(self.events) - 1))
        low = chi2.ppf(0.025, 2 * total / scatter) / 2 if total else 0.0
        high = chi2.ppf(0.975, 2 * (total / scatter + 1)) / 2
        return float(scatter * low / time), float(scatter * high / time)


def chance(one: Counts, other: Counts) -> float | None:
    """The probability that dealing out whole trajectories at random sets the two rates so far apart; None without any.

    All ways of dealing are looked at where these are fewer than 20,000; else as many are drawn.
    """
    import numpy as np

    if one.rate is None or other.rate is None:
        return None
    trajectories = sorted(zip((*one.events, *other.events), (*one.times, *other.times), strict=True))
    rows = np.array(trajectories, dtype=float)
    mine = _deals(len(rows), len(one.events)) @ rows
    others = rows.sum(axis=0) - mine
    apart = np.abs(mine[:, 0] / np.maximum(mine[:, 1], 1e-300) - others[:, 0] / np.maximum(others[:, 1], 1e-300))
    as_far = apart >= abs(one.rate - other.rate) * (1 - 1e-9)
    drawn = len(apart) == ALL  # what was dealt counts among what was drawn
    return float((as_far.sum() + drawn) / (len(as_far) + drawn))


def _deals(total: int, count: int) -> np.ndarray:
    """(n_deals, total): 1 for the trajectories that are dealt to the first side, else 0."""
    import math
    from itertools import combinations

    import numpy as np

    if math.comb(total, count) < ALL:
        chosen = np.array(list(combinations(range(total), count)))
    else:
        chosen = np.argsort(np.random.default_rng(0).random((ALL, total)), axis=1)[:, :count]
    deals = np.zeros((len(chosen), total))
    np.put_along_axis(deals, chosen, 1.0, axis=1)
    return deals
