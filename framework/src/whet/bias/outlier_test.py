"""OutlierTest: whether trajectories lie farther from a training set than its own trajectories, held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whet.bias.dealing import Dealing
from whet.bias.environment_scores import Excess
from whet.bias.held_out import HeldOut
from whet.bias.holm import holm
from whet.bias.q_flags import QFlags
from whet.bias.resampling import Resampling
from whet.contracts.findings import LEAST_UNITS

LEVEL = 0.05
"""Of the test: where a set samples what the training set does, so often at most it is said to leave it."""


@dataclass(frozen=True)
class OutlierTest:
    """The one-sided permutation test over trajectories, of how far Q and T² lie towards their limits and beyond.

    Null: a trajectory of the set is to the training data what each of their own is to the others of them. Those that
    are held out are held against one trajectory less, which makes the test conservative. The statistic is the
    difference of mean excess (`Excess`), each element weighted by its environments in the set.

    q, t_squared: p of each, adjusted for there being two (Holm). tested, held_out: trajectories of each.
    """

    q: float
    t_squared: float
    tested: int
    held_out: int

    @classmethod
    def of(cls, tested: Sequence[Excess], held_out: Sequence[Excess], weights: Mapping[str, int]) -> OutlierTest | None:
        """weights: environments of the set, by element. None for fewer than four on a side: nothing is decided."""
        import numpy as np

        p = []
        for name in ("q", "t_squared"):
            sides = (HeldOut([getattr(one, name) for one in side]).weighted(weights) for side in (tested, held_out))
            ours, theirs = sides
            if min(len(ours), len(theirs)) < LEAST_UNITS:
                return None
            dealing, every = Dealing.of(len(ours), len(theirs), Resampling()), np.array([*ours, *theirs])
            p.append(dealing.p_of(dealing.first @ every / len(ours) - ~dealing.first @ every / len(theirs)))
        q, t_squared = holm(p)
        return cls(q, t_squared, len(tested), len(held_out))

    @property
    def found(self) -> bool:
        """Whether either lies farther than the null allows at the 5 % level."""
        return min(self.q, self.t_squared) <= LEVEL


def environments(flags: Sequence[QFlags]) -> dict[str, int]:
    """By element, of several trajectories together."""
    total: Counter[str] = Counter()
    for one in flags:
        total.update(one.environments)
    return dict(sorted(total.items()))


def share(flags: Sequence[QFlags], rule: str) -> float:
    """The share that a rule (`element`, `jackson_mudholkar`, `hotelling`) flags of several trajectories together."""
    return sum(sum(getattr(one, rule).values()) for one in flags) / sum(environments(flags).values())


def shares(flags: QFlags, rule: str) -> Mapping[str, float]:
    """The share that a rule flags, by element."""
    return flags.shares(getattr(flags, rule))
