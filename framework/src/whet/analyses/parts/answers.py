"""Answers to what every reader asks first: how soft, what fine-tuning did, what was forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from whet.analyses.parts.series_table import SeriesRow
from whet.analyses.parts.softness import UNDECIDED, Softness, reading_and_why
from whet.contracts.findings import LEAST_UNITS, Estimate, Verdict
from whet.data.frame_groups import units_in_words
from whet.data.numbers import count, decimals_for, percent, shown, with_interval

RELATIVE = (
    "Relative to the reference, itself approximate: any difference between its theory and that of the potential's "
    "training data is included. One ratio over all force components: the stiffest modes dominate it, and softness of "
    "weak contacts hardly shows."
)
ANOTHER_ZERO = 1000.0
"""meV/atom; an energy error above it, most of which reference energies take up, is a matter of where energies start."""

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
        evidence += [_own_evidence(second, first)] if second else []
        limits = [] if found.is_decided or first is None else _ways_out(first)
        yield Verdict(
            "How soft?",
            f"{potential}: {found.claim}",
            "; ".join(evidence),
            found.units,
            found.of or "units",
            found.is_decided,
            " ".join([*limits, RELATIVE]),
        )


def _evidence(row: SeriesRow, on: str) -> str:
    parts = [_slopes(row), _forces(row), _energies(row)]
    return f"{row.potential} on “{on}” ({count(row.frames, 'frame')}): {'; '.join(filter(None, parts))}"


def _own_evidence(row: SeriesRow, given: SeriesRow | None) -> str:
    """given: the reading on the test set, beside which this one stands."""
    where = "on its own" if given else f"{row.potential} on its own"
    decides = given and row.reading == UNDECIDED != given.reading
    parts = [_slopes(row, ", so the test set decides" if decides else ""), "" if given else _forces(row)]
    return (
        f"{where} {units_in_words(row.units, row.of)} ({count(row.frames, 'frame')}): {'; '.join(filter(None, parts))}"
    )


def _slopes(row: SeriesRow, so: str = "") -> str:
    """`1/b 0.94 [0.85, 1.07], undecided: its interval includes 1; s 0.671, uncentred R² 0.712`.

    Nothing of relaxed structures. so: what follows from the reading.
    """
    if row.lower is None:
        return ""
    bounds = {"s": row.lower, "1/b": row.upper}
    read, found = reading_and_why(row) + so, ""
    if row.slope:
        found = f"{row.slope} {with_interval(row.curvature, 2)}, {read}; "
        del bounds[row.slope]
    both = ", ".join(f"{name} {shown(value, 3)}" for name, value in bounds.items())
    return f"{found}{both}, uncentred R² {shown(row.r2.value, 3)}" + ("" if row.slope else f", {read}")


def _forces(row: SeriesRow) -> str:
    relative = (
        "" if row.relative_rmse is None else f", RMSE {shown(row.relative_rmse, 2)} of the reference's root mean square"
    )
    return f"force MAE {with_interval(row.mae, 3, unit='eV/Å')}{relative}"


def _energies(row: SeriesRow) -> str:
    raw, fitted = row.energy_mae, row.fitted_mae
    after = f"energy MAE {shown(fitted, 1)} meV/atom {_alignment(row)}"
    if raw is not None and fitted is not None and raw > ANOTHER_ZERO and raw > 10 * fitted:
        return f"energies have another zero than the reference's (offset {shown(raw / 1000, 1)} eV/atom); {after}"
    return f"energy MAE {shown(raw, 1)} meV/atom as predicted, {shown(fitted, 1)} meV/atom {_alignment(row)}"


def _alignment(row: SeriesRow) -> str:
    """What was fitted so that energies can be compared."""
    if row.compositions == 1:
        return "after removing one constant (one composition)"
    return "with reference energies fitted on these frames"


def _ways_out(row: SeriesRow) -> list[str]:
    """What somebody can say of the frames so that more is decided."""
    return [NAME_IT] * (row.sampler == "unknown") + [GROUP_THEM] * (not row.of)


def after_fine_tuning(rows: Sequence[SeriesRow]) -> Iterator[Verdict]:
    """Errors and curvature ratio before and after the last state of each strategy."""
    for before, final in _finals(rows):
        if before.mae.value is None:
            continue
        decimals = decimals_for([row.mae.value for row in (before, *final)])
        parts = []
        for row in final:
            known = filter(None, (_labels(row), _change(before, row, _force_error)))
            parts.append(f"{shown(row.mae.value, decimals)} with {row.state} ({', '.join(known)})")
        factor = [row.mae.value or 0.0 for row in rows if row.corrected == "b" and row.potential == before.potential]
        if factor:
            parts.append(f"{shown(min(factor), decimals)} with one factor on the forces alone")
        evidence = f"{before.potential}: force MAE {shown(before.mae.value, decimals)} eV/Å → {', '.join(parts)}"
        fitted = ", ".join(f"{shown(row.fitted_mae, 1)} with {row.state}" for row in final)
        evidence += f"; energy MAE {shown(before.fitted_mae, 1)} meV/atom → {fitted}, each {_alignment(before)}"
        evidence += _curvatures(before, final, 3, lambda row: row.curvature)
        claim = f"{before.potential}: force error {_changes(before, final, _force_error)}"
        if before.fitted_mae:
            claim += f"; energy error {_changes(before, final, lambda row: row.fitted_mae)}"
        claim += _curvatures(before, final, 2, lambda row: Estimate(row.curvature.value))
        yield _verdict(before, "After fine-tuning", claim, evidence=evidence)


def forgotten(rows: Sequence[SeriesRow], on: str) -> Iterator[Verdict]:
    """What each last fine-tuning did on frames of the foundation model's training set."""
    for before, final in _finals(rows):
        decimals = decimals_for([row.mae.value for row in (before, *final)])
        after = ", ".join(f"{shown(row.mae.value, decimals)} with {row.state}" for row in final)
        what = f"{before.potential} on “{on}”"
        evidence = f"{what}: force MAE {shown(before.mae.value, decimals)} eV/Å → {after}"
        claim = f"{what}: force error {_changes(before, final, _force_error)}"
        yield _verdict(before, "Forgotten?", claim, evidence=evidence)


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


def _curvatures(
    before: SeriesRow, final: Sequence[SeriesRow], decimals: int, of: Callable[[SeriesRow], Estimate]
) -> str:
    """`; curvature ratio 0.98 (not soft) → 1.05 (stiff) with naive 3`; nothing where these frames show none."""

    def said(row: SeriesRow) -> str:
        return f"{with_interval(of(row), decimals)} ({row.reading})"

    known = [row for row in final if row.curvature.value is not None]
    if before.curvature.value is None or not known:
        return ""
    after = ", ".join(f"{said(row)} with {row.state}" for row in known)
    return f"; curvature ratio {said(before)} → {after}"


def _labels(row: SeriesRow) -> str:
    return f"{row.labels_shown} label{'' if row.labels_shown == '1' else 's'}"


Error = Callable[[SeriesRow], float | None]


def _force_error(row: SeriesRow) -> float | None:
    return row.mae.value


def _change(before: SeriesRow, after: SeriesRow, of: Error) -> str:
    """`−39 %`; nothing where one of them has no error."""
    first, then = of(before), of(after)
    return percent(then / first - 1, sign=True) if first and then is not None else ""


def _changes(before: SeriesRow, final: Sequence[SeriesRow], of: Error) -> str:
    return ", ".join(f"{_change(before, row, of) or 'unknown'} with {row.state}" for row in final)
