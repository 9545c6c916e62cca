"""Tables: rounded to what the eye wants on the page, all digits in the CSV, intervals in columns of their own there."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from whet.contracts.findings import Cell, Column, Estimate, Table
from whet.data.numbers import percent, shown

if TYPE_CHECKING:
    from markupsafe import Markup

SHORT = 22
"""Letters of a cell that is never broken over lines."""

LONG = 25
"""Rows past which a table scrolls in a window of its own."""

MOST = 500
"""Rows that a page shows; a file has all of them."""


def csv_of(table: Table) -> str:
    """The table as CSV: every column, every digit, units in the headings."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_with_unit(name, column) for column in table.columns for name in column.names])
    for record in table.records():
        writer.writerow([_plain(value) for value in record.values()])
    return buffer.getvalue()


@dataclass(frozen=True)
class ShownTable:
    """A table as the page shows it."""

    table: Table

    @property
    def is_long(self) -> bool:
        """Whether it scrolls in a window of its own."""
        return len(self.table.rows) > LONG

    @property
    def size(self) -> str:
        """What is said of the rows of a long one."""
        rows = len(self.table.rows)
        if rows > MOST:
            return f"The first {MOST} of {rows:,} rows; the CSV has all."
        return f"{rows} rows: scroll for more." if self.is_long else ""

    def headings(self) -> list[tuple[str, str, str, str]]:
        """Headings on the page, each with its unit, the CSS class of its column and what it holds."""
        return [
            (column.name, f"({column.unit})" * bool(column.unit), self._kind(place), column.description)
            for place, column in self._visible.items()
        ]

    def rows(self) -> list[list[tuple[Markup, str]]]:
        """The cells on the page as markup, each with its CSS class."""
        looks = {
            place: (column, self.table.decimals(place), self._kind(place)) for place, column in self._visible.items()
        }
        return [
            [(_markup(row[place], column, decimals[n]), kind) for place, (column, decimals, kind) in looks.items()]
            for n, row in enumerate(self.table.rows[:MOST])
        ]

    @cached_property
    def _visible(self) -> dict[int, Column]:
        """Columns that are to be shown and say something, by their places."""
        return {
            place: column
            for place, column in enumerate(self.table.columns)
            if column.shown and not all(_is_empty(row[place]) for row in self.table.rows)
        }

    def _kind(self, place: int) -> str:
        words = [cell for row in self.table.rows if isinstance(cell := row[place], str)]
        if not any(words):
            return "number"
        return "word" if max(map(len, words)) <= SHORT else ""


def _plain(value: str | float | int | bool | None) -> str | float | int | bool:
    """As a CSV has it: of several ways to break a line, readers know one."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n")
    return "" if value is None else value


def _with_unit(name: str, column: Column) -> str:
    return f"{name} ({column.unit})" if column.unit else name


def _is_empty(cell: Cell) -> bool:
    return cell is None or cell == "" or (isinstance(cell, Estimate) and cell.value is None)


def _markup(cell: Cell, column: Column, decimals: int) -> Markup:
    from markupsafe import Markup, escape

    if isinstance(cell, str):
        return escape(cell)
    if isinstance(cell, bool):
        return escape("yes" if cell else "no")
    if not isinstance(cell, Estimate):
        return escape(_number(cell, column, decimals))
    text = escape(_number(cell.value, column, decimals))
    if column.brief or cell.value is None or not math.isfinite(cell.value):
        return text
    times = 100.0 if column.percent else 1.0
    if cell.spread is not None:
        text += Markup(' <span class="spread">± {}</span>').format(shown(times * cell.spread, decimals, tiny=False))
    if cell.interval is not None:
        low, high = (shown(times * end, decimals, tiny=False) for end in cell.interval)
        text += Markup(' <span class="interval">[{}, {}]</span>').format(low, high)
    return text


def _number(value: float | None, column: Column, decimals: int) -> str:
    if column.percent:
        return percent(value, decimals)
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    return shown(value, decimals)
