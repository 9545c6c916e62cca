"""Findings: what an analysis leaves: tidy tables, figures over them, and what may be said."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Self

from whet.contracts.interactive_page import InteractivePage
from whet.data.frame_groups import units_in_words
from whet.data.numbers import decimals_for
from whet.data.packed_text import PackedText

LEAST_UNITS = 4
"""Independent units (trajectories, or frames of a file that have nothing to do with each other) below which nothing
is decided."""

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""Of a table or a figure: it becomes the name of a file."""

Interval = tuple[float, float] | None


def slug(text: str) -> str:
    """What of a text can be in a NAME, at most 40 letters; it may be nothing."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")


@dataclass(frozen=True)
class Estimate:
    """A number with what is known of its uncertainty.

    interval: 95 %; None where it is not known. spread: standard deviation over `seeds` repetitions, None for one.
    """

    value: float | None
    interval: Interval = None
    spread: float | None = None
    seeds: int = 1


Cell = str | float | int | bool | Estimate | None


@dataclass(frozen=True)
class Column:
    """A column of a table.

    unit: of its numbers. description: what it holds, in a sentence. decimals: shown on a page; None: as many as the
    numbers need. by: the column that says of what kind the number of each row is, where kinds differ: each is rounded
    by itself, or as `decimals` maps it. percent: a share (0.1), shown as such (10 %). interval, spread: its cells are
    Estimates, whose 95 % interval and spread over seeds are columns of their own, `NAME 95 % low`, `NAME 95 % high`,
    `NAME SD over seeds`. brief: a page shows the value alone. shown: on a page; files have it anyway.
    """

    name: str
    unit: str = ""
    description: str = ""
    decimals: int | Mapping[str, int] | None = None
    percent: bool = False
    interval: bool = False
    spread: bool = False
    brief: bool = False
    shown: bool = True
    by: str = ""

    @property
    def names(self) -> list[str]:
        """Its name, and those of the columns that its uncertainty has."""
        found = [self.name]
        if self.interval:
            found += [f"{self.name} 95 % low", f"{self.name} 95 % high"]
        return found + [f"{self.name} SD over seeds"] * self.spread


@dataclass(frozen=True)
class Table:
    """A tidy table: one row an observation.

    name: lower-case words with dashes, once in its Findings. caption: what it shows. rows: a cell for each column. At
    reading, cells of columns with `interval` or `spread` are Estimates. folded: a page shows its caption until it is
    opened. shown: False for what is only drawn in figures or read by other analyses.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    folded: bool = False
    shown: bool = True

    @cached_property
    def fields(self) -> list[str]:
        """Names of all columns, those of uncertainties included: what a figure may use."""
        return [name for column in self.columns for name in column.names]

    def records(self) -> list[dict[str, Any]]:
        """The rows as mappings of `fields` to text, numbers, booleans or None: numbers that are not finite are None."""
        return [dict(zip(self.fields, cells, strict=True)) for cells in self.cells]

    @cached_property
    def cells(self) -> list[list[str | float | int | bool | None]]:
        """The rows as they are in `records`, without their names."""
        return [
            [plain for column, cell in zip(self.columns, row, strict=True) for plain in _spread_out(column, cell)]
            for row in self.rows
        ]

    def column(self, name: str) -> list[Any]:
        """The cells of one of `fields`. ValueError where there is none of that name."""
        place = self.fields.index(name)
        return [row[place] for row in self.cells]

    def decimals(self, place: int) -> list[int]:
        """Of each row's number in a column, as a page shows it."""
        column = self.columns[place]
        if column.percent or isinstance(column.decimals, int):
            fixed = column.decimals if isinstance(column.decimals, int) else 0
            return [fixed] * len(self.rows)
        named = [one.name for one in self.columns].index(column.by) if column.by else None
        kinds = ["" if named is None else row[named] for row in self.rows]
        numbers: dict[Cell, list[float]] = {kind: [] for kind in kinds}
        for kind, row in zip(kinds, self.rows, strict=True):
            cell = row[place]
            value = cell.value if isinstance(cell, Estimate) else cell
            if isinstance(value, float):
                numbers[kind].append(value)
        found = {kind: decimals_for(values) for kind, values in numbers.items()} | dict(column.decimals or {})
        return [found[kind] for kind in kinds]

    def as_json(self) -> dict[str, Any]:
        """Plain data; `Table.from_json` reads it back."""
        said = {"name": self.name, "caption": self.caption, "folded": self.folded, "shown": self.shown}
        default = asdict(Column(""))
        columns = [{k: v for k, v in asdict(one).items() if v != default[k]} for one in self.columns]
        return {**said, "columns": columns, "rows": self.cells}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The table that `as_json` described, with Estimates where a column has an interval or a spread."""
        columns = tuple(Column(**one) for one in data["columns"])
        rows = tuple(tuple(_gathered(columns, row)) for row in data["rows"])
        return cls(data["name"], data["caption"], columns, rows, data["folded"], data["shown"])


@dataclass(frozen=True)
class Figure:
    """A figure. Either a Vega-Lite specification (spec), or a picture as an SVG document (svg).

    spec: its data are named tables of the same Findings, `{"data": {"name": TABLE}}`, nothing inline and no URL. No
    colors, fonts or sizes of text need be set: the report has a theme for light, dark and paper. caption: below it.
    text: what it shows, for those who cannot see it. prominent: shown on a report's first screen. page: what opens
    where a reader clicks; the figure stands for it before that, on paper, and where no script runs.
    """

    name: str
    caption: str
    text: str
    spec: Mapping[str, Any] | None = None
    svg: str = ""
    prominent: bool = False
    page: InteractivePage | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain data; `Figure.from_json` reads it back. Texts of its page are named only."""
        said = asdict(replace(self, page=None))
        del said["page"]
        return {**said, "page": self.page.as_json()} if self.page else said

    @classmethod
    def from_json(cls, data: Mapping[str, Any], left: Callable[[str], bytes]) -> Self:
        """The figure that `as_json` described. left: as in `Findings.from_json`."""
        page = InteractivePage.from_json(data["page"], left) if "page" in data else None
        return cls(**{**data, "page": page})


@dataclass(frozen=True)
class Verdict:
    """What may be said, and what not.

    question: that it answers (`How soft?`); verdicts on one question stand together. claim: one sentence. evidence:
    the numbers that carry it. units: independent units behind it (trajectories; frames where a file does not know
    them); None where it only reports what was counted and nothing could be otherwise. of: what the units are.
    decided: whether the claim is a decision; below four units nothing is. limits: what it does not cover.
    prominent: shown on a report's first screen.
    """

    question: str
    claim: str
    evidence: str = ""
    units: int | None = None
    of: str = "trajectories"
    decided: bool = True
    limits: str = ""
    prominent: bool = True

    def __post_init__(self) -> None:
        if self.decided and self.units is not None and self.units < LEAST_UNITS:
            raise ValueError(f"nothing is decided by {units_in_words(self.units, self.of)}: {self.claim}")

    @classmethod
    def of_units(cls, units: int, question: str, claim: str, **rest: Any) -> Self:
        """The verdict, or `undecided: 2 trajectories` where there are too few units to say anything."""
        if units >= LEAST_UNITS:
            return cls(question, claim, units=units, **rest)
        few = f"undecided: {units_in_words(units, rest.get('of', 'trajectories'))}"
        return cls(question, few, units=units, decided=False, **rest)


def _nothing(role: str) -> bytes:
    raise ValueError(f"the file {role} of these findings is not at hand")


@dataclass(frozen=True)
class Findings:
    """What one run of an analysis found.

    title: of its section; runs of one analysis share a section. label: what sets this run apart from the others
    (the name of a test set); empty where there is one. definition: how the numbers are made, in sentences that a
    reader needs. source: paper and equation. notes: what a reader must know before believing the numbers.
    """

    title: str
    label: str = ""
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    verdicts: Sequence[Verdict] = ()
    definition: str = ""
    source: str = ""
    notes: Sequence[str] = field(default=())

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show; the notes then say why."""
        return not (self.tables or self.figures or self.verdicts)

    def table(self, name: str) -> Table:
        """The table of that name. KeyError where there is none."""
        return {table.name: table for table in self.tables}[name]

    @property
    def files(self) -> dict[str, PackedText]:
        """What a step keeps beside them, by role: the texts of interactive pages."""
        pages = [figure.page for figure in self.figures if figure.page]
        return {role: text for page in pages for role, text in page.files.items()}

    def hold(self) -> None:
        """Reads `files` now: what has them may go, and the findings stay whole."""
        for text in self.files.values():
            text.read()

    def check(self) -> None:
        """ValueError, with a sentence, where a name is no name or stands twice, or a figure uses what is no table's."""
        names = [one.name for one in (*self.tables, *self.figures)]
        if wrong := [name for name in names if not NAME.fullmatch(name)]:
            raise ValueError(f"{wrong[0]!r} is no name: lower-case letters and digits, words joined by dashes")
        for kind, found in (("table", self.tables), ("figure", self.figures)):
            own = [one.name for one in found]
            if twice := [name for name in own if own.count(name) > 1]:
                raise ValueError(f"two {kind}s are called {twice[0]!r}")
        for table in self.tables:
            if short := [row for row in table.rows if len(row) != len(table.columns)]:
                raise ValueError(
                    f"a row of the table {table.name!r} has {len(short[0])} cells, not {len(table.columns)}"
                )
            if twice := [name for name in table.fields if table.fields.count(name) > 1]:
                raise ValueError(f"the table {table.name!r} has two columns {twice[0]!r}")
        for figure in self.figures:
            self._check_figure(figure)

    def _check_figure(self, figure: Figure) -> None:
        if (figure.spec is None) == (not figure.svg):
            raise ValueError(f"the figure {figure.name!r} needs either a specification or an SVG")
        if figure.page:
            try:
                figure.page.check()
            except ValueError as error:
                raise ValueError(f"the interactive page of the figure {figure.name!r} {error}") from None
        known = {table.name: set(table.fields) for table in self.tables}
        for data in _data_of(figure.spec or {}):
            if set(data) != {"name"} or data["name"] not in known:
                raise ValueError(f"the figure {figure.name!r} has data that are no table of these findings: {data}")

    def as_json(self) -> dict[str, Any]:
        """Plain data; `Findings.from_json` reads it back."""
        return {
            "title": self.title,
            "label": self.label,
            "tables": [table.as_json() for table in self.tables],
            "figures": [figure.as_json() for figure in self.figures],
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "definition": self.definition,
            "source": self.source,
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], left: Callable[[str], bytes] = _nothing) -> Self:
        """The findings that `as_json` described. KeyError, TypeError or ValueError where they are damaged.

        left: gives the file that the step kept in a role of `files`. It is asked when a page is opened, not before.
        """
        parts = {
            "tables": tuple(Table.from_json(table) for table in data["tables"]),
            "figures": tuple(Figure.from_json(figure, left) for figure in data["figures"]),
            "verdicts": tuple(Verdict(**verdict) for verdict in data["verdicts"]),
            "notes": tuple(data["notes"]),
        }
        return cls(**{**data, **parts})


def _spread_out(column: Column, cell: Cell) -> Iterator[str | float | int | bool | None]:
    one = cell if isinstance(cell, Estimate) else None
    yield _plain(one.value if one else cell)
    if column.interval:
        yield from map(_plain, one.interval if one and one.interval else (None, None))
    if column.spread:
        yield _plain(one.spread if one else None)


def _plain(cell: Cell) -> str | float | int | bool | None:
    if isinstance(cell, Estimate) or cell is None:
        return None
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _gathered(columns: Sequence[Column], row: Sequence[Any]) -> Iterator[Cell]:
    cells = iter(row)
    for column in columns:
        value = next(cells)
        low, high = (next(cells), next(cells)) if column.interval else (None, None)
        spread = next(cells) if column.spread else None
        if column.interval or column.spread:
            interval = None if low is None or high is None else (low, high)
            yield Estimate(value, interval, spread) if not isinstance(value, str) else value
        else:
            yield value


def _data_of(spec: Any) -> Iterator[Mapping[str, Any]]:
    """Every `data` in a specification, at any depth."""
    if isinstance(spec, Mapping):
        for key, value in spec.items():
            if key == "data" and isinstance(value, Mapping):
                yield value
            else:
                yield from _data_of(value)
    elif isinstance(spec, list | tuple):
        for value in spec:
            yield from _data_of(value)
