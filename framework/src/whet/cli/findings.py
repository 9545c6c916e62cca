"""What an analysis found, on a terminal: verdicts, tables, notes."""

from __future__ import annotations

from collections.abc import Iterable

from whet.cli.terminal import say, wrapped
from whet.cli.wide_table import print_wide_table
from whet.contracts.findings import Column, Estimate, Findings, Table, Verdict
from whet.data.numbers import percent, shown


def print_findings(found: Iterable[Findings]) -> None:
    """Each one's verdicts and the tables that a page shows, with as many digits as a page."""
    for findings in found:
        say(" – ".join(filter(None, (findings.title, findings.label))))
        for verdict in findings.verdicts:
            say(f"{verdict.question} {verdict.claim}" + (f" ({verdict.evidence})" if verdict.evidence else ""))
        for table in findings.tables:
            if table.shown and table.rows:
                say()
                _print(table)
        for note in findings.notes:
            say()
            wrapped(f"Note: {note}")
        say()


def print_answers(verdicts: Iterable[tuple[str, Verdict]]) -> None:
    """The answers that a report begins with, each question once; evidence stands below its claim.

    verdicts: each with the label of its findings, which is shown where answers to one question differ in it.
    """
    asked: dict[str, list[tuple[str, Verdict]]] = {}
    for label, verdict in verdicts:
        asked.setdefault(verdict.question, []).append((label, verdict))
    for question, answers in asked.items():
        say()
        say(question)
        several = len({label for label, _ in answers}) > 1
        for label, verdict in answers:
            wrapped(f"{label}: {verdict.claim}" if several and label else verdict.claim, "  ")
            wrapped(verdict.evidence, "    ")


def _print(table: Table) -> None:
    say(table.caption)
    columns = [(place, column) for place, column in enumerate(table.columns) if column.shown]
    decimals = {place: table.decimals(place) for place, _ in columns}
    rows = [
        [_text(column, row[place], decimals[place][n]) for place, column in columns] for n, row in enumerate(table.rows)
    ]
    headings = [f"{column.name} ({column.unit})" if column.unit else column.name for _, column in columns]
    numbers = [n for n, (place, _) in enumerate(columns) if not any(isinstance(row[place], str) for row in table.rows)]
    print_wide_table(headings, rows, right=numbers)


def _text(column: Column, cell: object, decimals: int) -> str:
    value = cell.value if isinstance(cell, Estimate) else cell
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    return percent(value, decimals) if column.percent else shown(value, decimals)
