"""StateMinima: the minima of bonds of one potential in one state, and what may be said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whet.contracts.findings import Estimate
from whet.data.numbers import shown, with_interval

if TYPE_CHECKING:
    from whet.bias.bond_minima import BondMinima, BondMinimum
    from whet.bias.mean_stress import MeanStress
    from whet.bias.pairs import Comparison

MOST_KINDS = 4
"""Kinds of bonds that an answer names."""


class StateMinima:
    """found: by kind of bond. stress: of crystals. units: independent ones, `of` trajectories or frames."""

    def __init__(self, comparison: Comparison) -> None:
        from whet.bias.bond_minima import bond_minima
        from whet.bias.mean_stress import mean_stress

        self.found: BondMinima = bond_minima(comparison)
        self.stress: MeanStress | None = mean_stress(comparison)
        self.units, self.of = comparison.n_units, comparison.units_of or "units"

    @property
    def displaced(self) -> list[tuple[str, BondMinimum]]:
        """The kinds that are, the most displaced first."""
        return self._by_size([(kind, one) for kind, one in self.found.kinds.items() if one.displaced])

    @property
    def open(self) -> list[tuple[str, BondMinimum]]:
        """The kinds whose estimate is beyond 0.005 Å and whose interval does not decide, the largest first."""
        return self._by_size([(kind, one) for kind, one in self.found.kinds.items() if one.is_open])

    @property
    def decided(self) -> bool:
        """Whether a minimum is displaced, or all are shown to be in place."""
        return bool(self.displaced) or all(one.in_place for one in self.found.kinds.values())

    def said(self) -> str:
        """What may be said, without the potential's name."""
        if found := self.displaced:
            words = [longer(kind, one) for kind, one in found[:MOST_KINDS]]
            more = f" and {len(found) - MOST_KINDS} more" if len(found) > MOST_KINDS else ""
            return f"{', '.join(words)}{more}"
        if self.decided:
            return "every minimum of a bond within 0.005 Å of the reference's"
        return "no bond off by more than 0.005 Å is shown"

    def undecided(self) -> str:
        """`C3-O2 undecided: 0.038 Å [−0.005, 0.080]`, of each whose estimate is large; nothing where there is none."""
        found = self.open
        sizes = [(kind, Estimate(one.displacement, one.interval)) for kind, one in found[:MOST_KINDS]]
        more = f" and {len(found) - MOST_KINDS} more" if len(found) > MOST_KINDS else ""
        return ", ".join(f"{kind} undecided: {with_interval(size, 3, unit='Å')}" for kind, size in sizes) + more

    def undecided_briefly(self) -> str:
        """`C3-O2 undecided (0.009 Å)`."""
        return ", ".join(f"{kind} undecided ({shown(one.displacement, 3)} Å)" for kind, one in self.open[:MOST_KINDS])

    @staticmethod
    def _by_size(found: list[tuple[str, BondMinimum]]) -> list[tuple[str, BondMinimum]]:
        return sorted(found, key=lambda pair: -abs(pair[1].displacement or 0.0))


def longer(kind: str, one: BondMinimum) -> str:
    """`C4-O2 longer by 0.021 Å [0.018, 0.024]`."""
    value = one.displacement or 0.0
    sign = 1 if value > 0 else -1
    low, high = sorted(sign * end for end in one.interval) if one.interval else (0.0, 0.0)
    size = Estimate(abs(value), (low, high) if one.interval else None)
    return f"{kind} {'longer' if value > 0 else 'shorter'} by {with_interval(size, 3, unit='Å')}"
