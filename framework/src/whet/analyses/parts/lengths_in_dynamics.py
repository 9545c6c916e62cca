"""LengthsInDynamics: whether mean bond lengths in dynamics, as `bonds` has them, confirm displaced minima."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whet.contracts.findings import Findings
from whet.data.numbers import shown

LEVEL = 0.05
"""Of the test of `bonds`, over all kinds and aspects of a comparison together."""

CONFIRMED, CONTRADICTED, UNRESOLVED = "confirmed", "contradicted", "undecided"


@dataclass(frozen=True)
class LengthsInDynamics:
    """Kind -> change of its mean length, from the reference's dynamics to those of one potential: Å, and its p.

    An estimate of the displacement that needs no forces. p is None where there are too few trajectories.
    """

    changes: Mapping[str, tuple[float, float | None]]

    @classmethod
    def of(cls, bonds: Findings | None, potential: str) -> LengthsInDynamics:
        """From findings of `bonds`, for an untouched potential; nothing where its own dynamics were not run."""
        tables = bonds.tables if bonds else ()
        rows: list[dict[str, Any]] = [row for one in tables if one.name == "bond-shifts" for row in one.records()]
        own = [row for row in rows if row["own run of"] == potential and row["mean change"] is not None]
        return cls({row["bond"]: (row["mean change"], row["p of the mean"]) for row in own})

    def reading(self, kind: str, displacement: float) -> str:
        """Of one kind that forces call displaced: `confirmed`, `contradicted`, `undecided`."""
        change, p = self.changes.get(kind, (0.0, None))
        if p is None or p > LEVEL + 1e-12:
            return UNRESOLVED
        return CONFIRMED if change * displacement > 0 else CONTRADICTED

    def claim(self, displaced: Sequence[tuple[str, float]]) -> str:
        """`mean lengths in dynamics confirm only C3-O1`; nothing without dynamics.

        displaced: kinds and Å, by forces.
        """
        if not self.changes or not displaced:
            return ""
        if all(p is None for _, p in self.changes.values()):
            return "mean lengths in dynamics: undecided"
        readings = {kind: self.reading(kind, by) for kind, by in displaced}
        confirmed = [kind for kind, one in readings.items() if one == CONFIRMED]
        against = [kind for kind, one in readings.items() if one == CONTRADICTED]
        which = f"{'' if len(confirmed) == len(readings) else 'only '}{_listed(confirmed)}" if confirmed else "none"
        more = f" and contradict {_listed(against)}" if against else ""
        return f"mean lengths in dynamics confirm {which}{more}"

    def evidence(self, displaced: Sequence[tuple[str, float]]) -> str:
        """`mean lengths in dynamics: C3-O1 +0.018 Å (p 0.019), C4-O2 +0.025 Å (undecided, p 0.267)`."""
        said = []
        for kind, by in displaced:
            if kind not in self.changes:
                continue
            change, p = self.changes[kind]
            reading = self.reading(kind, by)
            words = [reading] * (reading != CONFIRMED) + ([] if p is None else [f"p {shown(p, 3)}"])
            said.append(f"{kind} {shown(change, 3, sign=True)} Å ({', '.join(words)})")
        return f"mean lengths in dynamics: {', '.join(said)}" if said else ""


def _listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
