"""better: what may be said of two strategies, on all sets and in all quantities together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from whet.analyses.parts.compared import Compared, too_few
from whet.contracts.findings import LEAST_UNITS, Verdict
from whet.data.numbers import count, percent, shown

MOST_EVIDENCE = 6
"""Comparisons that a verdict spells out; the table has all."""


def better(rows: Sequence[Compared], labels: Mapping[str, str], **rest: Any) -> Verdict:
    """The verdict on one pair. rows: of it, at least one. labels: of each strategy, in words. rest: of the verdict."""
    deciding = [row for row in rows if row.may_decide]
    enough = [row for row in deciding if row.units >= LEAST_UNITS]
    claimed = [row for row in enough if row.is_claimed]
    if not deciding:
        claim = "undecided: only frames that potentials sampled"
    elif not enough:
        most = max(deciding, key=lambda row: row.units)
        claim = too_few(most.units, most.of)
    else:
        claim = _claim(claimed, [row for row in enough if not row.is_claimed], len({row.on for row in enough}) > 1)
    behind = min(claimed or enough or deciding or rows, key=lambda row: row.units)
    return Verdict(
        claim=claim,
        evidence=_evidence(claimed + [row for row in deciding or rows if not row.is_claimed], labels),
        units=behind.units,
        of=behind.of or "trajectories",
        decided=bool(claimed),
        limits=" ".join(_limits(rows, enough, labels)),
        **rest,
    )


def _claim(claimed: Sequence[Compared], others: Sequence[Compared], several: bool) -> str:
    if not claimed:
        return "no difference resolved"
    parts = []
    for name in dict.fromkeys(row.better for row in claimed):
        gains: dict[str, list[str]] = {}
        for row in claimed:
            if row.better == name:
                gains.setdefault(row.quantity, []).append(f"{_gain(row)} on “{row.on}”")
        parts.append(f"{name} is better " + ", ".join(f"in {of} by {' and '.join(each)}" for of, each in gains.items()))
    if others:
        known = {row.quantity for row in claimed}
        what = dict.fromkeys(_what(row, several and row.quantity in known) for row in others)
        parts.append(f"{', '.join(what)}: no difference resolved")
    return "; ".join(parts)


def _what(row: Compared, is_set_named: bool) -> str:
    return f"{row.quantity} on “{row.on}”" if is_set_named else row.quantity


def _gain(row: Compared) -> str:
    """How much less the better one errs: `12 % [8, 15]`."""
    change = row.contrast.change

    def less(value: float) -> float:
        """Of the better one: the same as a share of the other's error."""
        return -value if row.better == row.second else value / (1 + value)

    ends = sorted(100 * less(end) for end in change.interval or ())
    interval = f" [{', '.join(shown(end, 0, tiny=False) for end in ends)}]" if ends else ""
    return percent(less(change.value or 0.0)) + interval


def _evidence(rows: Sequence[Compared], labels: Mapping[str, str]) -> str:
    first, second = rows[0].first, rows[0].second
    parts = []
    for row in rows[:MOST_EVIDENCE]:
        change = row.contrast.change
        ends = [percent(end, sign=True) for end in change.interval or ()]
        interval = f" [{', '.join(ends)}]" if ends else ""
        parts.append(f"{_what(row, True)} {row.maes_shown} ({percent(change.value, sign=True)}{interval})")
    more = [f"{len(rows) - MOST_EVIDENCE} more in the table"] if len(rows) > MOST_EVIDENCE else []
    seeds = {row.contrast.change.seeds for row in rows}
    runs = "one run of each" if seeds == {1} else f"{count(max(seeds), 'seed')} of each"
    same = labels[first] == labels[second]
    counts = f"{labels[first]} each" if same else f"{labels[first]} and {labels[second]}"
    return f"MAE, {first} → {second}: {'; '.join([*parts, *more, runs, counts])}"


def _limits(rows: Sequence[Compared], enough: Sequence[Compared], labels: Mapping[str, str]) -> list[str]:
    first, second = rows[0].first, rows[0].second
    found = []
    if labels[first] != labels[second]:
        found.append(f"They have different numbers of labels: {labels[first]} ({first}), {labels[second]} ({second}).")
    if all(row.contrast.change.seeds == 1 for row in rows):
        found.append("One run of each: this is about two potentials, and other runs may differ by more.")
    few = {row.on: row for row in rows if row.may_decide and row not in enough} if enough else {}
    found += [f"“{on}” is left out ({too_few(row.units, row.of)})." for on, row in few.items()]
    if not any(row.may_decide for row in rows):
        found.append(
            "Frames that a potential sampled or relaxed itself favor the naive strategy in forces, and decide nothing."
        )
    return found
