"""Tables: rounded to what the eye wants on the page, all digits in the CSV, intervals in columns of their own there."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.contracts.findings import Estimate
from whet.data.numbers import decimals_for, percent, shown

if TYPE_CHECKING:
    from markupsafe import Markup

SHORT = 22
"""Letters of a cell that is never broken over lines."""

Cell = str | float | int | Estimate | None


@dataclass(frozen=True)
class Column:
    """A column. unit: shown in the heading. decimals: fixed, or None for as many as the numbers need.

    percent: a share, shown as such (the CSV keeps the share). interval, spread: the cells are Estimates whose
    interval, and spread over seeds, get columns of their own in the CSV. brief: the page
    shows the value alone. shown: on the page; the CSV has it anyway.
    """

    heading: str
    unit: str = ""
    decimals: int | None = None
    percent: bool = False
    interval: bool = False
    spread: bool = False
    brief: bool = False
    shown: bool = True

    @property
    def title(self) -> str:
        """The heading with the unit."""
        return f"{self.heading} ({self.unit})" if self.unit else self.heading

    def csv_headings(self) -> list[str]:
        """One heading for each column of the CSV."""
        unit = f" ({self.unit})" if self.unit else ""
        found = [self.title]
        if self.interval:
            found += [f"{self.heading} 95 % low{unit}", f"{self.heading} 95 % high{unit}"]
        if self.spread:
            found.append(f"{self.heading} SD over seeds{unit}")
        return found

    def csv_cells(self, cell: Cell) -> list[str | float | int]:
        """The cell in as many columns as there are headings."""
        one = cell if isinstance(cell, Estimate) else None
        found: list[Cell] = [one.value if one else cell]
        if self.interval:
            found += list(one.interval) if one and one.interval else [None, None]
        if self.spread:
            found.append(one.spread if one else None)
        return ["" if value is None or isinstance(value, Estimate) else value for value in found]


@dataclass(frozen=True)
class Table:
    """A table. name: of its CSV file. folded: the page shows its caption until it is opened."""

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    folded: bool = False

    def csv(self) -> str:
        """The table as CSV, every column and every digit."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow([heading for column in self.columns for heading in column.csv_headings()])
        for row in self.rows:
            cells = [column.csv_cells(cell) for column, cell in zip(self.columns, row, strict=True)]
            writer.writerow([value for found in cells for value in found])
        return buffer.getvalue()

    def headings(self) -> list[tuple[str, str]]:
        """Headings on the page, each with the CSS class of its column."""
        return [(self.columns[place].title, self._kind(place)) for place in self._visible()]

    def shown(self) -> list[list[tuple[Markup, str]]]:
        """The cells on the page as markup, each with its CSS class."""
        visible = self._visible()
        decimals = {place: self._decimals(place) for place in visible}
        return [
            [(_markup(row[place], self.columns[place], decimals[place]), self._kind(place)) for place in visible]
            for row in self.rows
        ]

    def _visible(self) -> list[int]:
        """Columns that are to be shown and say something."""
        return [
            place
            for place, column in enumerate(self.columns)
            if column.shown and any(not _empty(row[place]) for row in self.rows)
        ]

    def _kind(self, place: int) -> str:
        words = [cell for row in self.rows if isinstance(cell := row[place], str)]
        if not any(words):
            return "number"
        return "short" if max(map(len, words)) <= SHORT else ""

    def _decimals(self, place: int) -> int:
        fixed = self.columns[place].decimals
        cells = [row[place] for row in self.rows]
        values = [cell.value if isinstance(cell, Estimate) else cell for cell in cells]
        return decimals_for(v for v in values if isinstance(v, float)) if fixed is None else fixed


def _empty(cell: Cell) -> bool:
    return cell is None or cell == "" or (isinstance(cell, Estimate) and cell.value is None)


def _markup(cell: Cell, column: Column, decimals: int) -> Markup:
    from markupsafe import Markup, escape

    if isinstance(cell, str):
        return escape(cell)
    if isinstance(cell, int):
        return escape(f"{cell:,}".replace("-", "−"))
    if not isinstance(cell, Estimate):
        return escape(percent(cell, column.decimals or 0) if column.percent else shown(cell, decimals))
    text = escape(shown(cell.value, decimals))
    if column.brief:
        return text
    if cell.value is not None and cell.spread is not None:
        text += Markup(' <span class="spread">± {}</span>').format(shown(cell.spread, decimals, tiny=False))
    if cell.value is not None and cell.interval is not None:
        low, high = (shown(end, decimals, tiny=False) for end in cell.interval)
        text += Markup(' <span class="interval">[{}, {}]</span>').format(low, high)
    return text
