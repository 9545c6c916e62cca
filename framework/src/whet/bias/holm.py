"""holm: p-values of several questions at once, so that all claims together are wrong as rarely as one would be."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: those below 0.05 may be claimed.

    The k-th smallest of m becomes the largest of (m − j + 1) p_j over j ≤ k, at most 1.

    Whatever the dependence, one or more false claims among them happen in 5 % of cases at most (Holm, Scand. J. Stat.
    6, 65 (1979)).
    """
    order, largest = sorted(range(len(p)), key=p.__getitem__), 0.0
    adjusted = [1.0] * len(p)
    for rank, place in enumerate(order):
        largest = max(largest, (len(p) - rank) * p[place])
        adjusted[place] = min(largest, 1.0)
    return adjusted
