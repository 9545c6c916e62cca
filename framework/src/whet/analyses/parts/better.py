"""better: what may be said of two strategies, on all sets and in all quantities together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whet.analyses.parts.compared import Compared, too_few
from whet.analyses.parts.gathered import Gathered, differences, small_shares
from whet.contracts.findings import LEAST_UNITS, Verdict
from whet.data.numbers import count

MOST_EVIDENCE = 6
"""Comparisons that a verdict spells out; the table has all."""

ONE_RUN = "undecided: one run of each. Of these two potentials: "


def better(rows: Sequence[Compared], data: tuple[Gathered, Gathered], **rest: Any) -> Verdict:
    """The verdict on one pair. rows: of it, at least one. data: of the first and the second. rest: of the verdict.

    A strategy is repeated by its runs: from one of each, what is claimed is of two potentials and decides nothing.
    """
    deciding = [row for row in rows if row.may_decide]
    enough = [row for row in deciding if row.units >= LEAST_UNITS]
    claimed = [row for row in enough if row.is_claimed]
    one_run = min((row.contrast.change.seeds for row in claimed or enough), default=0) == 1
    if not deciding:
        claim = "undecided: only frames that potentials sampled"
    elif not enough:
        most = max(deciding, key=lambda row: row.units)
        claim = too_few(most.units, most.of)
    else:
        unresolved = [row for row in enough if not row.is_claimed]
        said = _claim(claimed, unresolved, len({row.on for row in enough}) > 1, "errs less" if one_run else "is better")
        claim = f"{ONE_RUN}{said}" if one_run else said
    units, of = _units(claimed or enough or deciding or rows)
    return Verdict(
        claim=claim,
        evidence=_evidence(claimed + [row for row in deciding or rows if not row.is_claimed], data),
        units=units,
        of=of,
        decided=bool(claimed) and not one_run,
        limits=" ".join(_limits(rows, enough, data)),
        **rest,
    )


def _units(behind: Sequence[Compared]) -> tuple[int, str]:
    """How many independent units each of these rows has at least, and what they are."""
    least = min(behind, key=lambda row: row.units)
    alike = len({(row.units, row.of) for row in behind}) == 1
    return least.units, (least.of or "trajectories") if alike else "or more independent units a set"


def _claim(claimed: Sequence[Compared], others: Sequence[Compared], several: bool, verb: str) -> str:
    if not claimed:
        return "no difference resolved"
    parts = []
    for name in dict.fromkeys(row.better for row in claimed):
        changes: dict[str, list[str]] = {}
        for row in claimed:
            if row.better == name:
                changes.setdefault(row.quantity, []).append(f"{row.change_shown} on “{row.on}”")
        each = (f"in {of} ({claimed[0].second} {', '.join(on)})" for of, on in changes.items())
        parts.append(f"{name} {verb} {', '.join(each)}")
    if others:
        known = {row.quantity for row in claimed}
        what = dict.fromkeys(_what(row, several and row.quantity in known) for row in others)
        parts.append(f"{', '.join(what)}: no difference resolved")
    return "; ".join(parts)


def _what(row: Compared, is_set_named: bool) -> str:
    return f"{row.quantity} on “{row.on}”" if is_set_named else row.quantity


def _evidence(rows: Sequence[Compared], data: tuple[Gathered, Gathered]) -> str:
    """Errors of both on each set, with their change where the claim does not have it, and offsets of energies."""
    on_sets: dict[str, list[str]] = {}
    for row in rows[:MOST_EVIDENCE]:
        change = "" if row.is_claimed else f" ({row.change_shown})"
        offset = [f"energy offset {row.offsets_shown}"] if row.offsets else []
        said = on_sets.setdefault(f"“{row.on}” ({row.size})", [])
        said += [f"{row.quantity} {row.maes_shown}{change}", *offset]
    parts = [f"{on}: {', '.join(said)}" for on, said in on_sets.items()]
    if len(rows) > MOST_EVIDENCE:
        parts.append(f"{len(rows) - MOST_EVIDENCE} more in the table")
    seeds = {row.contrast.change.seeds for row in rows}
    parts.append("one run of each" if seeds == {1} else f"{count(max(seeds), 'seed')} of each")
    first, second = (one.labels for one in data)
    parts.append(f"{first} each" if first == second else f"{first} and {second}")
    return f"MAE, {rows[0].first} → {rows[0].second}, on {'; '.join(parts)}"


def _limits(rows: Sequence[Compared], enough: Sequence[Compared], data: tuple[Gathered, Gathered]) -> list[str]:
    names = rows[0].first, rows[0].second
    found = []
    if data[0].labels != data[1].labels:
        each = ", ".join(f"{one.labels} ({name})" for one, name in zip(data, names, strict=True))
        found.append(f"They have different numbers of labels: {each}.")
    found += [also] if (also := differences(*data)) else []
    found += small_shares((row.quantity for row in enough if row.is_claimed), *data)
    if all(row.contrast.change.seeds == 1 for row in rows):
        found.append("Other runs may differ by more: repeat the strategies with `seeds`.")
    few = {row.on: row for row in rows if row.may_decide and row not in enough} if enough else {}
    found += [f"“{on}” is left out ({too_few(row.units, row.of)})." for on, row in few.items()]
    if not any(row.may_decide for row in rows):
        found.append(
            "Frames that a potential sampled or relaxed itself favor the naive strategy in forces, and decide nothing."
        )
    return found
