"""NeighborDistances: which environments of one set another set does not have (Wong & Yang, figure 3, as a number)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np

PERCENTILE = 95.0
"""Of B's own nearest-neighbor distances. Of independent environments that sample the same, about 5 % are unique; of
environments of trajectories anything from a few to most are, so a share means nothing without its null (`HeldOut`)."""


@dataclass(frozen=True)
class ElementShare:
    """One element: share of A's environments that B lacks; None where B has one environment only, thus no distances.

    share: 0 to 1. unique, environments: counts.
    """

    share: float | None
    unique: int
    environments: int


@dataclass(frozen=True)
class UniqueShare:
    """A ⊄ B: the share of A's environments that are far from every environment of B of the same element."""

    by_element: Mapping[str, ElementShare]

    @property
    def share(self) -> float | None:
        """0 to 1, over all elements that have one, each weighted by its environments in A; None where none has."""
        counted = sum(one.environments for one in self.by_element.values() if one.share is not None)
        return self.unique / counted if counted else None

    @property
    def unique(self) -> int:
        """Environments of A that B lacks."""
        return sum(one.unique for one in self.by_element.values())

    @property
    def environments(self) -> int:
        """Environments of A."""
        return sum(one.environments for one in self.by_element.values())


@dataclass(frozen=True, eq=False)
class NeighborDistances:
    """The distance of every environment to the nearest other one, of its element, in each part of the data.

    Parts are numbered from 0: what one round added to one trajectory, or a whole trajectory. From these distances the
    share of any parts that any others lack is had without another search.

    by_element: symbol -> (part of each environment (n,), distances (parts, n); infinite where a part has none).
    rounding: symbol -> distance that is none: atoms that are equivalent by symmetry differ by rounding only.
    """

    by_element: Mapping[str, tuple[np.ndarray, np.ndarray]]
    rounding: Mapping[str, float]

    @classmethod
    def of(cls, points: Sequence[np.ndarray], symbols: Sequence[Sequence[str] | np.ndarray]) -> NeighborDistances:
        """points: of each part, (n, k) projections by one PrincipalComponents fitted to all. symbols: (n,) of each.

        InputError where shapes do not fit.
        """
        import numpy as np

        elements = [np.asarray(one) for one in symbols]
        if len(points) != len(elements):
            raise InputError(f"{len(points)} parts have projections, and {len(elements)} have symbols")
        for number, (part, own) in enumerate(zip(points, elements, strict=True)):
            if np.ndim(part) != 2 or len(part) != len(own) or np.shape(part)[1] != np.shape(points[0])[-1]:
                raise InputError(f"part {number}: projections {np.shape(part)} do not fit {len(own)} symbols")
        found, rounding = {}, {}
        for symbol in sorted({symbol for own in elements for symbol in own.tolist()}):
            parts = [np.asarray(part)[own == symbol] for part, own in zip(points, elements, strict=True)]
            part_of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
            every = np.concatenate(parts)
            found[symbol] = (part_of, np.stack([_nearest(every, part, part_of == n) for n, part in enumerate(parts)]))
            rounding[symbol] = 1e-9 * float(np.abs(every).max())
        return cls(found, rounding)

    def joined(self, groups: Sequence[Sequence[int]]) -> NeighborDistances:
        """The same with each group of parts as one part; parts that are in no group are left out."""
        import numpy as np

        group_of = {part: number for number, group in enumerate(groups) for part in group}
        found = {}
        for symbol, (part_of, distances) in self.by_element.items():
            new = np.array([group_of.get(part, -1) for part in part_of.tolist()], dtype=int)
            near = np.stack([distances[list(group)].min(axis=0) for group in groups])
            if (new >= 0).any():
                found[symbol] = (new[new >= 0], near[:, new >= 0])
        return NeighborDistances(found, self.rounding)

    def environments(self, parts: Sequence[int]) -> int:
        """How many there are in these parts."""
        import numpy as np

        return sum(int(np.isin(part_of, parts).sum()) for part_of, _ in self.by_element.values())

    def unique(self, a: Sequence[int], b: Sequence[int]) -> UniqueShare:
        """What the parts `a` have that the parts `b` lack; no part is in both.

        share = #{i in A: d(i, B) > q₉₅}/#A, q₉₅ being the 95th percentile of d(j, B without j) over j in B.
        An environment of A is unique where its nearest neighbor in B (same element) is farther than the 95th percentile
        of the distances of B's environments to their own nearest neighbors in B. All of an element that B lacks are.
        """
        import numpy as np

        shares = {}
        for symbol, (part_of, distances) in self.by_element.items():
            in_a, in_b = np.isin(part_of, a), np.isin(part_of, b)
            of_a, of_b = int(in_a.sum()), int(in_b.sum())
            if not of_a:
                continue
            if of_b < 2:
                shares[symbol] = ElementShare(None if of_b else 1.0, 0 if of_b else of_a, of_a)
                continue
            near = distances[list(b)].min(axis=0)
            threshold = max(float(np.percentile(near[in_b], PERCENTILE)), self.rounding[symbol])
            far = int((near[in_a] > threshold).sum())
            shares[symbol] = ElementShare(far / of_a, far, of_a)
        return UniqueShare(shares)


def _nearest(every: np.ndarray, part: np.ndarray, own: np.ndarray) -> np.ndarray:
    """(n,) distance of each to the nearest of the part, other than itself."""
    import numpy as np
    from scipy.spatial import KDTree

    if not len(part):
        return np.full(len(every), np.inf)
    tree, found = KDTree(part), np.empty(len(every))
    found[~own] = tree.query(every[~own], k=1)[0]
    found[own] = tree.query(part, k=2)[0][:, 1]
    return found
