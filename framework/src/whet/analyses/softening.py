"""Softening in detail: the scale by size of the force, and the curvature of each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from whet.analyses.parts.ends import ends_of, seed_note
from whet.analyses.parts.meanings import POTENTIAL, READINGS, SEEDS, STATES
from whet.analyses.parts.part_tables import frame_parts, part_tables, too_many_materials
from whet.analyses.parts.scored_sets import INPUTS, scored_sets
from whet.analyses.parts.series_table import COLUMNS, SeriesRow, series_names, series_rows, several
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Estimate, Figure, Findings, Table
from whet.contracts.ports import Found, Port, Predictions
from whet.contracts.task import Work
from whet.data.numbers import count

if TYPE_CHECKING:
    from whet.analyses.parts.ends import Ends

MOST_LINES = 10
MOST_OPEN = 6
"""Rows of readings past which a page folds them."""

DEFINITION = (
    "The scale s is the slope of predicted on reference force components, the inverse slope b that of reference on "
    "predicted ones; their product is the uncentred R². Integration by parts over a canonical ensemble makes s the "
    "ratio of mean curvatures on frames of the reference’s dynamics, and 1/b that ratio on frames of the potential’s "
    "own, for any anharmonicity; on rattled frames it is s, of the harmonic parts. Random errors of the force and "
    "displaced minima lower the other slope, not this one. For other frames s and 1/b are bounds, and nothing is "
    "decided. Soft: the whole interval lies below 1, and the ratio below 0.95; stiff: above 1 and 1.05; not soft: the "
    "ratio within 5 % of 1, the interval within 10 %. A scale by size of the force is no ratio of curvatures: such "
    "atoms were chosen by their force."
)


class Softening(Analysis):
    """Where softness sits: scale by size of the force, curvature of each part."""

    name = "softening"
    place = 25
    result_version = 10
    by_default = True
    after = ("scores",)
    inputs: ClassVar[Mapping[str, Port]] = INPUTS

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        """One step for each independent set but those of relaxed structures, which have no slope."""
        return scored_sets(study, relaxed=False)

    def run(self, work: Work) -> Findings:
        """Tables: `softening` (readings), `by-element` and other parts, `magnitude`; figure: `magnitude`."""
        found = work.one("scores", Found)
        rows, on = series_rows(found.findings), found.ref.set
        if rows and all(row.sampler == "minimum" for row in rows):
            return Findings("Softening in detail", on, notes=["These structures are relaxed: they have no slope."])
        ends = ends_of(rows, work.all("predictions", Predictions))
        tables: list[Table] = [_readings(rows, on)] if rows else []
        figures = []
        if ends:
            by_magnitude, bins = _by_magnitude(ends, rows, on)
            parts = part_tables(ends, rows, on, seed_note([row for row, _ in ends]))
            figures, tables = [by_magnitude], [*tables, *parts, bins]
        why = [f"{row.potential}: {row.in_words}." for row in rows if row.untouched]
        why += [note for _, one in ends[:1] if (note := too_many_materials(frame_parts(one)["material"]))]
        return Findings(
            "Softening in detail",
            on,
            tables,
            figures,
            definition=DEFINITION,
            source="Deng et al.: the softening scale",
            notes=why,
        )


def _by_magnitude(ends: Ends, rows: Sequence[SeriesRow], on: str) -> tuple[Figure, Table]:
    from whet.bias.softening_parts import softening_by_magnitude

    cells: list[list[Cell]] = []
    series = dict(zip(map(id, rows), series_names(rows), strict=True))
    for place, (row, comparison) in enumerate(ends):
        for one in softening_by_magnitude(comparison):
            scale = Estimate(one.scale, one.scale_interval)
            drawn = [series[id(row)], one.middle, place < MOST_LINES]
            cells.append([row.potential, row.state, one.low, one.high, scale, one.atoms, *drawn])
    columns = (
        Column("potential", description=POTENTIAL, shown=several(rows)),
        Column("state", description=STATES),
        Column("force from", "eV/Å", "Least size of the reference force of an atom in this bin.", decimals=2),
        Column("to", "eV/Å", "Largest size of the reference force of an atom in this bin.", decimals=2),
        replace(COLUMNS["scale"], decimals=3, spread=False),
        Column("atoms", description="Atoms of all frames whose reference force is in this bin."),
        Column("series", shown=False),
        Column("middle", "eV/Å", shown=False),
        Column("drawn", shown=False),
    )
    what = f"by size of the reference force, on “{on}”"
    note = seed_note([row for row, _ in ends])
    caption = f"Softening scale {what}; bins of equal numbers of atoms.{note}"
    text = f"Softening scale by size of the reference force on {on}."
    table = Table("magnitude", f"Scale {what}", columns, cells, folded=True)
    return Figure("magnitude", caption, text, _magnitude_spec()), table


def _magnitude_spec() -> dict[str, Any]:
    scale = {"zero": False}
    x = {"field": "middle", "type": "quantitative", "title": "size of the reference force (eV/Å)", "scale": scale}
    y = {"type": "quantitative", "title": "softening scale", "scale": scale}
    names = ("potential", "state", "force from", "to", "scale", "scale 95 % low", "scale 95 % high", "atoms")
    shared = {
        "x": x,
        "color": {"field": "series", "type": "nominal", "title": None},
        "tooltip": [{"field": name} for name in names],
    }
    low, high = {"field": "scale 95 % low", **y}, {"field": "scale 95 % high"}
    middle = {"field": "scale", **y}
    return {
        "data": {"name": "magnitude"},
        "transform": [{"filter": "datum.drawn && isValid(datum.scale)"}],
        "width": 420,
        "height": 190,
        "layer": [
            {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"y": {"datum": 1, **y}}},
            {
                "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.35},
                "encoding": {**shared, "y": low, "y2": high},
            },
            {"mark": {"type": "line"}, "encoding": {**shared, "y": middle}},
            {"mark": {"type": "point", "filled": True, "opacity": 1}, "encoding": {**shared, "y": middle}},
        ],
    }


def _readings(rows: Sequence[SeriesRow], on: str) -> Table:
    columns = (
        Column("potential", description=POTENTIAL, shown=several(rows)),
        Column("state", description=STATES),
        Column("reading", description=READINGS),
        replace(COLUMNS["scale"], decimals=3),
        replace(COLUMNS["inverse_slope"], decimals=3),
        replace(COLUMNS["lower"], decimals=3, shown=False),
        replace(COLUMNS["upper"], decimals=3),
        replace(COLUMNS["curvature"], decimals=3),
        COLUMNS["slope"],
        COLUMNS["sampler"],
        Column("unexplained", description="1 − uncentred R²: by no factor on the forces", decimals=3),
        replace(COLUMNS["robust_scale"], decimals=3),
        Column("discounted frames", shown=any(row.discounted for row in rows)),
        Column("seeds", description=SEEDS, shown=False),
        Column("in words", shown=False),
    )
    cells: list[list[Cell]] = []
    for row in rows:
        unexplained = None if row.r2.value is None else 1 - row.r2.value
        known: list[Cell] = [row.potential, row.state, row.reading, row.scale, row.inverse_slope, row.lower, row.upper]
        known += [row.curvature, row.slope, row.sampler, unexplained, row.robust_scale]
        cells.append([*known, row.discounted, row.seeds, row.in_words])
    caption = f"Which slope is the curvature, on “{on}” ({count(min(row.frames for row in rows), 'frame')})"
    return Table("softening", caption, columns, cells, folded=len(cells) > MOST_OPEN)
