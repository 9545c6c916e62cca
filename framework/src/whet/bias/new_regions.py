"""NewRegions: whether trajectories of A reach regions that those of B do not: an exact permutation test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.coverage import NeighborDistances
from whet.bias.dealing import Dealing
from whet.bias.resampling import Resampling
from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np

LEVEL = 0.05
"""Of the test: where A and B sample the same, so often at most a new region is claimed."""


@dataclass(frozen=True)
class NewRegions:
    """The one-sided permutation test of how far A lies from B; the units are trajectories.

    Null: whether a trajectory is of A or of B makes no difference (they are exchangeable). Then every way to call as
    many of all the trajectories A as A has is as likely as the one that was seen. p is the share of these relabelings
    in which A lies at least as far from B as in the one that was seen (`Dealing.p_of`).

    The statistic is the mean logarithm of the distance of A's environments to the nearest in B. The share of unique
    environments orders relabelings worse: its threshold is the distance within trajectories, so where trajectories lie
    apart nearly all is unique to each of them, near or far.

    Trajectories that start from one structure in both sets make A nearer to B than a relabeled A is, and the test
    conservative. Trajectories of different length are not exchangeable: do not compare them.

    p: 0 to 1. relabelings: that were looked at. drawn: whether at random, of more. a, b: trajectories of each. ratio:
    how many times as far A's environments lie from B as those of B's trajectories, held out one at a time, from the
    others of B (geometric means); None where B has one trajectory, or lacks an element of A.
    """

    p: float
    relabelings: int
    drawn: bool
    a: int
    b: int
    ratio: float | None

    @classmethod
    def test(cls, distances: NeighborDistances, a: int, b: int) -> NewRegions:
        """distances: whose parts are the trajectories, first the `a` of A, then the `b` of B, then what both have.

        The statistic is computed for each element and averaged by the environments of A and B together: weights that no
        relabeling changes, so that a set which is rich in a restless element does not look new for that. What both have
        counts as B's in every relabeling. InputError without a trajectory on either side.
        """
        import numpy as np

        if a < 1 or b < 1:
            raise InputError(f"{a} and {b} trajectories cannot be compared", hint="Give at least one of each")
        apart = _Apart.of(distances, a + b)
        dealing = Dealing.of(a, b, Resampling())
        ways = ((np.flatnonzero(first).tolist(), np.flatnonzero(~first).tolist()) for first in dealing.first)
        every = np.array([apart.between(*way) for way in ways])
        seen = float(every[0])
        theirs = range(a, a + b) if b > 1 else ()
        held_out = [apart.between([one], [unit for unit in theirs if unit != one]) for one in theirs]
        ratio = math.exp(seen - sum(held_out) / b) if held_out and math.isfinite(seen - sum(held_out)) else None
        return cls(dealing.p_of(every), len(every), dealing.drawn, a, b, ratio)

    @property
    def found(self) -> bool:
        """Whether A lies farther from B than the null allows at the 5 % level."""
        return self.p <= LEVEL

    @property
    def least(self) -> float:
        """The smallest p that so many trajectories can have; above the level nothing can be found."""
        return 1 / self.relabelings


@dataclass(frozen=True, eq=False)
class _Apart:
    """Logarithms of distances by element (trajectories, n), the trajectory of each (n,), and weights of elements."""

    elements: Sequence[tuple[np.ndarray, np.ndarray, int]]
    units: int

    @classmethod
    def of(cls, distances: NeighborDistances, units: int) -> _Apart:
        import numpy as np

        found = []
        for symbol, (part_of, near) in distances.by_element.items():
            least = distances.rounding[symbol] or np.finfo(float).tiny
            found.append((np.log(np.maximum(near, least)), part_of, int((part_of < units).sum())))
        return cls(found, units)

    def between(self, a: Sequence[int], b: Sequence[int]) -> float:
        """The mean logarithm of the distance of A to B and what both have; infinite where B lacks an element of A."""
        import numpy as np

        total, weights = 0.0, 0
        for near, part_of, weight in self.elements:
            if (in_a := np.isin(part_of, a)).any():
                others = [*b, *range(self.units, len(near))]
                total += weight * float(near[others][:, in_a].min(axis=0).mean())
                weights += weight
        return total / weights
