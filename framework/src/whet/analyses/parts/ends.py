"""Ends: the rows of a set of which an analysis has the predictions: untouched potentials and last states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from whet.analyses.parts.series_table import SeriesRow
from whet.contracts.ports import Predictions
from whet.data.errors import FrameError

if TYPE_CHECKING:
    from whet.bias.pairs import Comparison

    Ends = Sequence[tuple[SeriesRow, Comparison]]


def ends_of(rows: Sequence[SeriesRow], found: Sequence[Predictions]) -> Ends:
    """The rows of which there are predictions, in their order; `scores` tells why others have none."""
    from whet.bias.pairs import Comparison

    comparisons = {}
    for one in found:
        state = one.ref.state
        try:
            comparison = Comparison.of_predictions(one)
        except FrameError:
            continue
        comparisons[state.potential, state.strategy, state.round, state.size] = comparison
    keys = [(row, (row.potential, row.strategy, row.round, row.size)) for row in rows if not row.corrected]
    return [(row, comparisons[key]) for row, key in keys if key in comparisons]


def seed_note(rows: Sequence[SeriesRow]) -> str:
    """What is said where only one of several seeds is looked at; begins with a space."""
    return " Of several seeds, the first." if any(row.seeds > 1 for row in rows) else ""
