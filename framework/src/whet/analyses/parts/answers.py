"""Answers to what every reader asks first: how soft, what fine-tuning did, what was forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from whet.analyses.parts.series_table import SeriesRow
from whet.analyses.parts.softness import Softness
from whet.contracts.findings import LEAST_UNITS, Verdict
from whet.data.frame_groups import units_in_words
from whet.data.numbers import count, decimals_for, percent, shown, with_interval

ANOTHER_FAULT = "Displaced minima are another fault: they do not make a potential soft, and may hurt as much."
NAME_IT = (
    "Who sampled the frames decides how softness is read: say it with `sampled_by:`, in the study or in their info."
)
GROUP_THEM = "Which frames belong together decides how sure a number is: `groups:` in the study says it."


def how_soft(rows: Sequence[SeriesRow], own: Mapping[str, SeriesRow], on: str) -> Iterator[Verdict]:
    """How soft each untouched potential is, and how large its errors are.

    rows: on the test set `on`; none where there is no test set. own: potential -> its row on its own trajectories.
    """
    given = {row.potential: row for row in rows if row.untouched}
    for potential in given or own:
        first, second = given.get(potential), own.get(potential)
        found = Softness.of_readings(first, second)
        evidence = [_evidence(first, on)] if first else []
        evidence += [_own_evidence(second, bool(first))] if second else []
        limits = [] if found.is_decided or first is None else _ways_out(first)
        yield Verdict(
            "How soft?",
            f"{potential}: {found.claim}",
            "; ".join(evidence),
            found.units,
            found.of or "units",
            found.is_decided,
            " ".join([*limits, ANOTHER_FAULT]),
        )


def _evidence(row: SeriesRow, on: str) -> str:
    energy = (
        f"energy MAE {shown(row.energy_mae, 1)} meV/atom as predicted, {shown(row.fitted_mae, 1)} meV/atom with "
        "reference energies fitted on these frames"
    )
    parts = [_slopes(row), _forces(row), energy]
    return f"{row.potential} on “{on}” ({count(row.frames, 'frame')}): {'; '.join(filter(None, parts))}"


def _own_evidence(row: SeriesRow, is_second: bool) -> str:
    where = "on its own" if is_second else f"{row.potential} on its own"
    parts = [_slopes(row), "" if is_second else _forces(row)]
    return (
        f"{where} {units_in_words(row.units, row.of)} ({count(row.frames, 'frame')}): {'; '.join(filter(None, parts))}"
    )


def _slopes(row: SeriesRow) -> str:
    """Nothing of relaxed structures."""
    if row.lower is None:
        return ""
    return f"s {shown(row.lower, 3)}, 1/b {shown(row.upper, 3)}, uncentred R² {shown(row.r2.value, 3)}"


def _forces(row: SeriesRow) -> str:
    relative = "" if row.relative_rmse is None else f", RMSE {percent(row.relative_rmse)} of the typical force"
    return f"force MAE {with_interval(row.mae, 3, unit='eV/Å')}{relative}"


def _ways_out(row: SeriesRow) -> list[str]:
    """What somebody can say of the frames so that more is decided."""
    return [NAME_IT] * (row.sampler == "unknown") + [GROUP_THEM] * (not row.of)


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
        factor = [row.mae.value or 0.0 for row in rows if row.corrected == "b" and row.potential == before.potential]
        if factor:
            parts.append(f"{shown(min(factor), decimals)} with one factor on the forces alone")
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
