"""Answers to what every reader asks first: how biased, what fine-tuning did, what was forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from whet.analyses.parts.series_table import SeriesRow
from whet.contracts.findings import LEAST_UNITS, Verdict
from whet.data.numbers import count, decimals_for, percent, shown, with_interval

WORDS = {
    "soft": "soft beyond what noise explains",
    "stiff": "stiff: it over-predicts forces",
    "noise": "not shown to be soft: noise alone could make the scale so small",
    "not soft": "no softness seen",
}
DECIDED = ("soft", "stiff", "not soft")
ALIKE = "Intervals are over frames: they are too narrow where frames of one trajectory are alike."


def how_biased(rows: Sequence[SeriesRow], on: str) -> Iterator[Verdict]:
    """What the slopes of each untouched potential say."""
    for row in (row for row in rows if row.untouched):
        evidence = (
            f"{row.potential} on “{on}” ({count(row.frames, 'frame')}): scale {with_interval(row.scale, 3)}, R² "
            f"{shown(row.r2.value, 3)}; the force error is {percent(row.relative_rmse)} of the typical force"
        )
        words = WORDS.get(row.reading, row.in_words)
        yield _verdict(
            row, "How biased?", f"{row.potential}: {words}", row.reading in DECIDED, evidence=evidence, limits=ALIKE
        )


def after_fine_tuning(rows: Sequence[SeriesRow]) -> Iterator[Verdict]:
    """The force error before and after the last state of each strategy."""
    for before, final in _finals(rows):
        if before.mae.value is None:
            continue
        decimals = decimals_for([row.mae.value for row in (before, *final)])
        parts = [
            f"{shown(row.mae.value, decimals)} with {row.state} ({_labels(row)}{_change(before, row, ', ')})"
            for row in final
        ]
        scales = [row.mae.value or 0.0 for row in rows if row.corrected and row.potential == before.potential]
        if scales:
            parts.append(f"{shown(min(scales), decimals)} with one scale factor alone")
        evidence = f"{before.potential}: force MAE {shown(before.mae.value, decimals)} eV/Å → {', '.join(parts)}"
        claim = f"{before.potential}: force error {_changes(before, final)}"
        yield _verdict(before, "After fine-tuning", claim, evidence=evidence)


def forgotten(rows: Sequence[SeriesRow], on: str) -> Iterator[Verdict]:
    """What each last fine-tuning did on frames of the foundation model's training set."""
    for before, final in _finals(rows):
        decimals = decimals_for([row.mae.value for row in (before, *final)])
        after = ", ".join(f"{shown(row.mae.value, decimals)} with {row.state}" for row in final)
        what = f"{before.potential} on “{on}”"
        evidence = f"{what}: force MAE {shown(before.mae.value, decimals)} eV/Å → {after}"
        yield _verdict(before, "Forgotten?", f"{what}: force error {_changes(before, final)}", evidence=evidence)


def _verdict(row: SeriesRow, question: str, claim: str, decided: bool = True, **rest: Any) -> Verdict:
    """Of as many units as are behind a row."""
    if decided or row.units < LEAST_UNITS:
        return Verdict.of_units(row.units, question, claim, of=row.of, **rest)
    return Verdict(question, claim, units=row.units, of=row.of, decided=False, **rest)


def _finals(rows: Sequence[SeriesRow]) -> Iterator[tuple[SeriesRow, list[SeriesRow]]]:
    """Each untouched potential, and the last state of each of its strategies, if it has any."""
    for before in (row for row in rows if row.untouched):
        final = {row.strategy: row for row in rows if row.strategy and row.potential == before.potential}
        if final:
            yield before, list(final.values())


def _labels(row: SeriesRow) -> str:
    return f"{row.labels_shown} label{'' if row.labels_shown == '1' else 's'}"


def _change(before: SeriesRow, after: SeriesRow, lead: str = "") -> str:
    """`−39 %`; nothing where one of them has no error."""
    if not before.mae.value or after.mae.value is None:
        return ""
    return lead + percent(after.mae.value / before.mae.value - 1, sign=True)


def _changes(before: SeriesRow, final: Sequence[SeriesRow]) -> str:
    return ", ".join(f"{_change(before, row) or 'unknown'} with {row.state}" for row in final)
