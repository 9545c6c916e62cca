"""What a page is made of: sections with text, tables and figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | float | int | None


@dataclass(frozen=True)
class Table:
    """A table. name: of its CSV file. headings carry the units. Numbers keep all digits in the CSV."""

    name: str
    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def csv(self) -> str:
        """The table as CSV."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(self.headings)
        writer.writerows([["" if cell is None else cell for cell in row] for row in self.rows])
        return buffer.getvalue()

    def shown(self) -> list[list[tuple[str, str]]]:
        """The cells as text with the CSS class of each, figures rounded to what the eye wants."""
        return [[_shown(cell) for cell in row] for row in self.rows]


@dataclass(frozen=True)
class Picture:
    """A figure. name: of its SVG file. text: what it shows, for those who cannot see it."""

    name: str
    caption: str
    figure: Figure

    def svg(self) -> str:
        """The figure as SVG, the same bytes for the same figure."""
        import matplotlib as mpl

        buffer = io.StringIO()
        with mpl.rc_context({"svg.hashsalt": self.name, "svg.fonttype": "path"}):
            self.figure.savefig(buffer, format="svg", metadata={"Date": None})
        text = buffer.getvalue()
        # Figures of one page share their ids' name space.
        text = text[text.index("<svg") :]
        return (
            text.replace('id="', f'id="{self.name}-').replace('"#', f'"#{self.name}-').replace("(#", f"(#{self.name}-")
        )


@dataclass(frozen=True)
class Section:
    """One section of the page."""

    title: str
    text: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    notes: Sequence[str] = field(default=())

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return self.title.lower().replace(" ", "-").replace(",", "")


def with_interval(value: float | None, interval: tuple[float, float] | None, digits: int = 3) -> str:
    """`0.738 [0.731, 0.745]`."""
    if value is None:
        return "–"
    shown = f"{value:.{digits}f}"
    return shown if interval is None else f"{shown} [{interval[0]:.{digits}f}, {interval[1]:.{digits}f}]"


def _shown(cell: Cell) -> tuple[str, str]:
    if cell is None:
        return "–", "figure"
    if isinstance(cell, str):
        return cell, "figure" if cell[:1].isdigit() or cell[:2] in ("−0", "-0") else ""
    if isinstance(cell, int):
        return f"{cell}", "figure"
    size = abs(cell)
    return (
        f"{cell:.3g}"
        if size < 0.001 and cell
        else f"{cell:.4f}"
        if size < 1
        else f"{cell:,.1f}"
        if size >= 100
        else f"{cell:.3f}"
    ), "figure"
