"""first_set: of several test sets, the one that a report's first screen is about."""

from __future__ import annotations

from collections.abc import Sequence

from whet.analyses.parts.series_table import SeriesRow, series_rows
from whet.contracts.findings import LEAST_UNITS
from whet.contracts.ports import Found

BEST_FIRST = ("reference", "rattle", "self", "mixed", "other", "unknown", "minimum")
"""Samplers: those first whose frames can show how soft a potential is, and of these the reference's dynamics."""


def first_set(found: Sequence[Found]) -> Found | None:
    """The set that can show how soft most untouched potentials are; of several, by sampler, then the first.

    What it shows plays no part: a set that was chosen because it decides would be a biased one. None where none has a
    score.
    """

    def rank(one: Found) -> tuple[int, int, int]:
        rows = [row for row in series_rows(one.findings) if row.untouched]
        readable = [row for row in rows if row.slope]
        enough = [row for row in readable if row.of and row.units >= LEAST_UNITS]
        return -len(enough), -len(readable), min((BEST_FIRST.index(row.sampler) for row in rows), default=9)

    return min((one for one in found if series_rows(one.findings)), key=rank, default=None)


def own_rows(found: Sequence[Found]) -> dict[str, SeriesRow]:
    """Untouched potential -> its row on its own trajectories. found: scores of these."""
    rows: dict[str, SeriesRow] = {}
    for one in found:
        owner = one.ref.sampled_by
        for row in series_rows(one.findings):
            if owner is not None and row.untouched and row.potential == owner.potential:
                rows[row.potential] = row
    return rows
