"""NullCells: the columns in which the null of a share stands beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whet.bias.held_out import HeldOut
from whet.contracts.findings import Cell, Column
from whet.data.numbers import count, percent


@dataclass(frozen=True)
class NullCells:
    """The null of one share. name: of the column that shows it; the numbers are in columns that files have."""

    name: str
    description: str

    @property
    def columns(self) -> tuple[Column, ...]:
        """What is shown, then mean, lowest and highest of the held-out shares."""
        return (
            Column(self.name, description=f"{self.description}: mean, and in brackets lowest to highest."),
            *(
                Column(f"{self.name}: {which}", percent=True, decimals=1, description=f"The {which}.", shown=False)
                for which in ("mean", "lowest", "highest")
            ),
        )

    def cells(self, shares: Sequence[float], trajectories: int) -> list[Cell]:
        """shares: of the trajectories that were held out. trajectories: how many there are; 0 where that is unknown."""
        if not shares:
            why = count(trajectories, "trajectory") if trajectories == 1 else "trajectories unknown"
            return [f"none: {why if trajectories < 2 else 'too few environments'}", None, None, None]
        return [spread(shares), sum(shares) / len(shares), min(shares), max(shares)]


def spread(shares: Sequence[float]) -> str:
    """`12.1 % (7.0 % to 18.2 %)`."""
    mean, low, high = (percent(value, 1) for value in (sum(shares) / len(shares), min(shares), max(shares)))
    return mean if low == high else f"{mean} ({low} to {high})"


def by_element(shares: Mapping[str, float | None], held_out: HeldOut) -> str:
    """`H 12 % (8 %), O 3 % (2 %)`: each share that is known, in brackets the mean of the held-out ones.

    Nothing where there is one element: the share stands there already.
    """
    parts = []
    for symbol, share in shares.items():
        if share is None:
            continue
        null = held_out.weighted({symbol: 1})
        parts.append(f"{symbol} {percent(share)}" + (f" ({percent(sum(null) / len(null))})" if null else ""))
    return ", ".join(parts) if len(shares) > 1 else ""
