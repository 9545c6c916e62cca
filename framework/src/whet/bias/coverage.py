"""UniqueShare: which environments of one set another set does not have (Wong & Yang, figure 3, as a number)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.data.errors import InputError
from whet.data.identity import JSON

if TYPE_CHECKING:
    import numpy as np

PERCENTILE = 95.0
"""Of B's own nearest-neighbor distances. So about 5 % of A are unique even where A and B sample the same."""


@dataclass(frozen=True)
class ElementShare:
    """One element: share of A's environments that B lacks; None where B has one environment only, thus no distances.

    threshold: distance in PC space beyond which an environment is unique; None where B has fewer than two of them.
    """

    share: float | None
    unique: int
    environments: int
    environments_in_b: int
    threshold: float | None

    def as_json(self) -> dict[str, JSON]:
        """`share` (0 to 1, or null), `unique`, `environments`, `environments_in_b` (counts), `threshold` (or null)."""
        return {
            "share": self.share,
            "unique": self.unique,
            "environments": self.environments,
            "environments_in_b": self.environments_in_b,
            "threshold": self.threshold,
        }


@dataclass(frozen=True, eq=False)
class UniqueShare:
    """A ⊄ B: the share of A's environments that are far from every environment of B of the same element.

    share: over all elements that have one. mask: (n_a,) bool, the unique environments, for drawing.
    """

    share: float
    by_element: Mapping[str, ElementShare]
    mask: np.ndarray

    def as_json(self) -> dict[str, JSON]:
        """Plain data.

        | key           | value                                                                    |
        |---------------|--------------------------------------------------------------------------|
        | share         | 0 to 1, over all elements                                                |
        | unique        | count                                                                    |
        | environments  | count, of A                                                              |
        | chance        | the share, about, of two sets that sample the same                       |
        | by_element    | {symbol: keys of `ElementShare.as_json`}                                 |
        """
        return {
            "share": self.share,
            "unique": int(self.mask.sum()),
            "environments": len(self.mask),
            "chance": 1 - PERCENTILE / 100,
            "by_element": {symbol: one.as_json() for symbol, one in self.by_element.items()},
        }


def unique_share(
    a: np.ndarray, symbols_a: Sequence[str] | np.ndarray, b: np.ndarray, symbols_b: Sequence[str] | np.ndarray
) -> UniqueShare:
    """The share of A that B lacks.

    a, b: (n_a, k) and (n_b, k) projections by one PrincipalComponents fitted to both sets. symbols_a, symbols_b:
    chemical symbol of each. An environment of A is unique where its nearest neighbor in B (same element) is further
    than the 95th percentile of the distances of B's environments to their own nearest neighbors in B. All of an
    element that B lacks are unique. InputError where shapes do not fit, or no element has a share.
    """
    import numpy as np

    elements_a, elements_b = np.asarray(symbols_a), np.asarray(symbols_b)
    for name, points, elements in (("A", a, elements_a), ("B", b, elements_b)):
        if np.ndim(points) != 2 or len(points) != len(elements) or np.shape(points)[1] != np.shape(a)[-1]:
            raise InputError(f"{name}: projections {np.shape(points)} do not fit {len(elements)} symbols")
    mask = np.zeros(len(a), dtype=bool)
    found: dict[str, ElementShare] = {}
    for symbol in sorted(set(elements_a.tolist())):
        chosen = elements_a == symbol
        mask[chosen], found[symbol] = _of_element(a[chosen], b[elements_b == symbol])
    counted = sum(one.environments for one in found.values() if one.share is not None)
    if not counted:
        raise InputError(
            f"A has {len(a)} environments, and for none of its elements has B enough to compare",
            hint="Give more frames",
        )
    return UniqueShare(sum(one.unique for one in found.values()) / counted, found, mask)


def _of_element(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, ElementShare]:
    """Mask (n_a,) and share, both sets of one element."""
    import numpy as np
    from scipy.spatial import KDTree

    if len(b) == 0:
        return np.ones(len(a), dtype=bool), ElementShare(1.0, len(a), len(a), 0, None)
    if len(b) == 1:
        return np.zeros(len(a), dtype=bool), ElementShare(None, 0, len(a), 1, None)
    tree = KDTree(b)
    own = tree.query(b, k=2)[0][:, 1]
    # Atoms that are equivalent by symmetry differ by rounding only, which is no distance.
    rounding = 1e-9 * float(np.abs(b).max())
    threshold = max(float(np.percentile(own, PERCENTILE)), rounding)
    mask = tree.query(a, k=1)[0] > threshold
    return mask, ElementShare(float(mask.mean()), int(mask.sum()), len(a), len(b), threshold)
