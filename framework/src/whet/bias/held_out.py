"""HeldOut: the null of a share: what the trajectories of the set that it is held against show, held out one at a time.

Trajectories of one potential differ from each other: of one that was left out, the others lack some share, and their
limits flag some share. Only what lies above that is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whet.bias.coverage import NeighborDistances


@dataclass(frozen=True)
class HeldOut:
    """Shares of trajectories that were held out one at a time.

    by_trajectory: of each, element -> share (0 to 1) of its environments that the others lack, or flag. An element for
    which nothing can be said is missing.
    """

    by_trajectory: Sequence[Mapping[str, float]]

    @classmethod
    def of_regions(cls, distances: NeighborDistances, trajectories: Sequence[Sequence[int]]) -> HeldOut:
        """The share of each trajectory that the others lack: of B's, the null of `distances.unique(A, B)`.

        trajectories: parts of each. Computed as that one is: in the same PC space, by the same rule for the threshold,
        which is that of the others. A single trajectory has no others: nothing is held out.
        """
        found = []
        for number, one in enumerate(trajectories):
            others = [part for place, parts in enumerate(trajectories) if place != number for part in parts]
            shares = distances.unique(one, others).by_element if others else {}
            found.append({symbol: share.share for symbol, share in shares.items() if share.share is not None})
        return cls([one for one in found if one])

    def weighted(self, environments: Mapping[str, int]) -> list[float]:
        """The share of each trajectory over all elements, weighted as the share is that it stands beside.

        environments: of the set that this is the null of, by element; these are the weights. So a set that is rich in
        an element is held against a null that is as rich in it, whatever the composition of the trajectories. Elements
        that a trajectory lacks do not count in it, and one that has none of them is left out.
        """
        found = []
        for shares in self.by_trajectory:
            weights = {symbol: environments.get(symbol, 0) for symbol in shares}
            if total := sum(weights.values()):
                found.append(sum(weight * shares[symbol] for symbol, weight in weights.items()) / total)
        return found
