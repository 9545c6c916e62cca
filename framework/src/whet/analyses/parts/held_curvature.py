"""Curvature ratios of properties, held against those that forces have: one row a reading, and whether they agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from whet.analyses.parts.meanings import POTENTIAL, STATES
from whet.analyses.parts.property_table import WHO, Compared, median_ratio
from whet.analyses.parts.series_table import SeriesRow
from whet.contracts.findings import LEAST_UNITS, Cell, Column, Estimate, Figure, Table, Verdict
from whet.data.frame_groups import units_in_words
from whet.data.numbers import with_interval

MATERIALS = "materials"
AGREE, DIFFER = "yes", "no"

HELD = (
    "The median of a property’s curvature ratio over materials stands beside that of the forces: s on frames of the "
    "reference’s dynamics and on rattled frames, 1/b on the potential’s own. They agree where their 95 % intervals "
    "meet, or where they are less than 5 % apart; below six materials or four trajectories nothing is said. They need "
    "not agree: a property asks for the curvature of some directions, about a minimum, and forces for the mean of all."
)


@dataclass(frozen=True)
class Held:
    """A quantity's curvature ratio beside that of the forces on one set. units, of: the fewest behind the two."""

    potential: str
    state: str
    quantity: str
    measured: Estimate
    materials: int
    set: str
    forces: SeriesRow

    @property
    def units(self) -> int:
        """The fewest behind either of them."""
        return min(self.materials, self.forces.units)

    @property
    def of(self) -> str:
        """What these are."""
        return MATERIALS if self.materials <= self.forces.units else self.forces.of

    @property
    def agree(self) -> str:
        """`yes`, `no`, or `undecided: 2 trajectories`."""
        from whet.bias.curvature import SMALL

        one, other = self.measured, self.forces.curvature
        if self.units < LEAST_UNITS:
            return f"undecided: {units_in_words(self.units, self.of)}"
        if one.interval is None or other.interval is None or one.value is None or other.value is None:
            return "undecided: no interval"
        meet = one.interval[0] <= other.interval[1] and other.interval[0] <= one.interval[1]
        return AGREE if meet or abs(one.value - other.value) <= SMALL else DIFFER


def held(rows: Sequence[Compared], readings: Sequence[tuple[str, Sequence[SeriesRow]]]) -> list[Held]:
    """Each quantity of a potential in a state beside each reading of its forces. readings: sets, rows of `scores`."""
    bent: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        if row.curvature is not None:
            bent.setdefault((row.potential, row.state, row.quantity.name), []).append(row.curvature)
    return [
        Held(potential, state, quantity, median_ratio(every), len(every), on, forces)
        for (potential, state, quantity), every in bent.items()
        for on, series in readings
        for forces in series
        if (forces.potential, forces.state) == (potential, state) and forces.slope and not forces.corrected
    ]


def held_table(found: Sequence[Held]) -> Table:
    """A row for each pair."""
    columns = (
        Column("potential", description=POTENTIAL),
        Column("state", description=STATES),
        Column("quantity", description="The property that measures a curvature."),
        Column("of the property", description="Its curvature ratio, median over materials.", decimals=3, interval=True),
        Column("materials", description="That have a reference."),
        Column("of the forces", description="Their curvature ratio.", decimals=3, interval=True),
        Column("read from", description="The slope that it is."),
        Column("set", description="The frames that it is read on."),
        Column("units", description="Independent ones of these frames.", shown=False),
        Column("agree", description="Whether their intervals meet, or they are less than 5 % apart."),
    )
    cells: list[list[Cell]] = [
        [
            *(one.potential, one.state, one.quantity, one.measured, one.materials),
            *(one.forces.curvature, one.forces.slope, one.set, one.forces.units, one.agree),
        ]
        for one in found
    ]
    return Table("held-against-forces", "Curvature of properties and of forces", columns, cells, folded=len(cells) > 16)


def held_figure(found: Sequence[Held]) -> tuple[Table, Figure]:
    """Both readings of each potential and state on one axis, with their intervals."""
    several = len({one.potential for one in found}) > 1
    cells: dict[tuple[str, str, str], list[Cell]] = {}
    for one in found:
        who = f"{one.potential} {one.state}" if several else one.state
        own = {one.quantity: (one.measured, "property")}
        forces = {f"forces: {one.forces.slope} on “{one.set}”": (one.forces.curvature, "forces")}
        for reading, (ratio, kind) in (own | forces).items():
            cells.setdefault((who, kind, reading), [who, one.potential, one.state, kind, reading, ratio])
    order = [reading for wanted in ("property", "forces") for _, kind, reading in cells if kind == wanted]
    columns = (
        Column("who", description=WHO),
        Column("potential", description=POTENTIAL),
        Column("state", description=STATES),
        Column("of", description="Property or forces."),
        Column("reading", description="What it is read from."),
        Column("curvature ratio", description="Over the reference's.", interval=True),
    )
    rows = list(cells.values())
    table = Table("held-drawn", "Curvature ratios as they are drawn", columns, rows, shown=False)
    caption = "Curvature ratios of properties (over materials) and of forces; bars: 95 %; the dashed line: not soft."
    text = f"Curvature ratios of {', '.join(dict.fromkeys(order))}."
    panels = list(dict.fromkeys(who for who, *_ in cells))
    return table, Figure("held-against-forces-drawn", caption, text, _spec(list(dict.fromkeys(order)), panels))


def _spec(order: Sequence[str], panels: Sequence[str]) -> dict[str, Any]:
    name, axis = "curvature ratio", {"type": "quantitative", "scale": {"zero": False}, "title": "curvature ratio"}
    y = {"field": "reading", "type": "nominal", "sort": list(order), "title": None, "axis": {"labelLimit": 260}}
    shared = {"y": y, "color": {"field": "of", "type": "nominal", "title": None}}
    bars = {"x": {"field": f"{name} 95 % low", **axis}, "x2": {"field": f"{name} 95 % high"}}
    point = {"type": "point", "filled": True, "opacity": 1, "tooltip": {"content": "data"}}
    return {
        "data": {"name": "held-drawn"},
        "facet": {"field": "who", "type": "nominal", "sort": list(panels), "title": None},
        "columns": 2,
        "spec": {
            "width": 260,
            "layer": [
                {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"x": {"datum": 1, **axis}}},
                {"mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.4}, "encoding": {**shared, **bars}},
                {"mark": point, "encoding": {**shared, "x": {"field": name, **axis}}},
            ],
        },
    }


def held_verdicts(found: Sequence[Held]) -> Iterator[Verdict]:
    """Of each untouched potential: are properties as soft as forces say?"""
    untouched = [one for one in found if one.forces.untouched]
    for potential in dict.fromkeys(one.potential for one in untouched):
        own = [one for one in untouched if one.potential == potential]
        decided = [one for one in own if one.agree in (AGREE, DIFFER)]
        if not decided:
            worst = min(own, key=lambda one: one.units)
            claim = f"{potential}: {worst.agree}"
            yield Verdict(
                "Are properties as soft as forces?",
                claim,
                units=worst.units,
                of=worst.of,
                decided=False,
                prominent=False,
            )
            continue
        off = [one for one in decided if one.agree == DIFFER]
        said = f"{len(off)} of {len(decided)} readings differ" if off else "they agree within their intervals"
        pairs = [
            f"{one.quantity} {with_interval(one.measured, 2)}, {one.forces.slope} on “{one.set}” "
            f"{with_interval(one.forces.curvature, 2)}"
            for one in (off or decided)[:3]
        ]
        fewest = min(decided, key=lambda one: one.units)
        yield Verdict(
            "Are properties as soft as forces?",
            f"{potential}: {said} ({'; '.join(pairs)})",
            units=fewest.units,
            of=fewest.of,
            limits="Intervals that meet are no proof of one number: wide ones meet easily.",
            prominent=False,
        )
