"""NewRegions: whether trajectories of A reach regions that those of B do not: an exact permutation test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from whet.bias.coverage import NeighborDistances
from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np

LEVEL = 0.05
"""Of the test: where A and B sample the same, so often at most a new region is claimed."""

MOST_RELABELINGS = 1000
"""Where there are more ways to tell the trajectories apart, so many are drawn."""


@dataclass(frozen=True)
class NewRegions:
    """The one-sided permutation test of the share of A that B lacks; the units are trajectories.

    Null: whether a trajectory is of A or of B makes no difference (they are exchangeable). Then every way to call as
    many of all the trajectories A as A has is as likely as the one that was seen. p is the share of these relabelings
    in which A lacks at least as much in B as in the one that was seen, itself counted: exact, whatever the distribution
    of environments and however alike those of one trajectory are (Pitman, Suppl. J. R. Stat. Soc. 4 (1937) 119). Where
    only some relabelings are drawn, at random with a fixed seed, p is valid still (Phipson & Smyth, Stat. Appl. Genet.
    Mol. Biol. 9 (2010) 39).

    Trajectories that start from one structure in both sets make A more like B than a relabeled A is, and the test
    conservative. Trajectories of different length are not exchangeable: do not compare them.

    p: 0 to 1. relabelings: that were looked at. drawn: whether at random, of more. a, b: trajectories of each.
    """

    p: float
    relabelings: int
    drawn: bool
    a: int
    b: int

    @classmethod
    def test(cls, distances: NeighborDistances, a: int, b: int) -> NewRegions:
        """distances: whose parts are the trajectories, first the `a` of A, then the `b` of B, then what both have.

        The statistic is the mean over elements of the share that B lacks (`NeighborDistances.unique`), each weighted by
        its environments in A and B together: weights that no relabeling changes, so that a set which is rich in a
        restless element does not look new for that. What both have counts as B's in every relabeling. InputError
        without a trajectory on either side.
        """
        import numpy as np

        if a < 1 or b < 1:
            raise InputError(f"{a} and {b} trajectories cannot be compared", hint="Give at least one of each")
        units = a + b
        parts = max(len(found) for _, found in distances.by_element.values())
        common = list(range(units, parts))
        weights = {symbol: int((of < units).sum()) for symbol, (of, _) in distances.by_element.items()}

        def statistic(chosen: Sequence[int]) -> float:
            others = [unit for unit in range(units) if unit not in set(chosen)]
            shares = distances.unique(chosen, others + common).by_element
            known = {symbol: one.share for symbol, one in shares.items() if one.share is not None}
            total = sum(weights[symbol] for symbol in known)
            return sum(weights[symbol] * share for symbol, share in known.items()) / total if total else 0.0

        drawn = math.comb(units, a) > MOST_RELABELINGS
        relabeled = _drawn(units, a) if drawn else combinations(range(units), a)
        every = np.array([statistic(chosen) for chosen in relabeled])
        p = float((every >= statistic(range(a)) - 1e-12).mean())
        return cls(p, len(every), drawn, a, b)

    @property
    def found(self) -> bool:
        """Whether the share of A is larger than the null allows at the 5 % level."""
        return self.p <= LEVEL

    @property
    def least(self) -> float:
        """The smallest p that so many trajectories can have; above the level nothing can be found."""
        return 1 / self.relabelings


def _drawn(units: int, a: int) -> Iterator[Sequence[int]]:
    """The one that was seen and random ones."""
    import numpy as np

    random: np.random.Generator = np.random.default_rng(0)
    yield range(a)
    for _ in range(MOST_RELABELINGS - 1):
        yield random.permutation(units)[:a].tolist()
