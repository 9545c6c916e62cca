"""properties: what probes measured: each potential beside the reference, material by material and over all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from whet.analyses.parts.held_curvature import HELD, held, held_figure, held_table, held_verdicts
from whet.analyses.parts.meanings import STATES
from whet.analyses.parts.naming import state_name, state_names
from whet.analyses.parts.property_table import REFERENCE, WHO, Compared, compared, property_table, summary_table
from whet.analyses.parts.series_table import series_rows
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import LEAST_UNITS, Column, Figure, Findings, Table, Verdict, slug
from whet.contracts.options import Options
from whet.contracts.ports import Found, Port
from whet.contracts.probe import CurveKind, Measurement
from whet.contracts.ref import LABELER
from whet.contracts.task import Work
from whet.data.numbers import count

FEW = 6
"""Materials of which each is drawn by itself; more are drawn as a cloud, reference against potential."""
MOST_PANELS = 6
"""Quantities of which many materials are drawn: the first that the probe lists."""
MOST_CURVES = 3
"""Materials whose curves are drawn."""

DEFINITION = (
    "Each potential measures each material by itself, from the structure that it was given, as the reference does. The "
    "ratio is the potential's number over the reference's. The curvature ratio is what the ratio says about the "
    "curvature of the energy, where the quantity measures one: the ratio itself for elastic constants, its square for "
    "frequencies; 1 is not soft. Intervals are 95 % over materials, each of which counts once."
)

SOURCE = "Deng et al.: systematic softening, figs. 2–4"


class PropertiesOptions(Options):
    """Which probe."""

    probe: str = ""
    """Its name in the study."""


class Properties(Analysis[PropertiesOptions]):
    """What every probe measured: value, reference, ratio, by material and over all; and how that fits the forces."""

    name = "properties"
    place = 28
    result_version = 5
    by_default = True
    after = ("scores",)
    inputs: ClassVar = {
        "measured": Port(Measurement, what="of the reference, and of each potential in each state"),
        "scores": Port(Found, what="of test sets and of the potentials' own trajectories: how soft forces are"),
    }

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        """One step for each probe."""
        found: dict[str, list[Any]] = {}
        for piece in study.all(Measurement):
            found.setdefault(piece.role, []).append(piece)
        scores = [
            piece
            for kind in ("independent", "self")
            for piece in study.all(Found, set_kind=kind)
            if piece.role == "scores" and piece.ref.minimum_of is None
        ]
        feeds = {"scores": scores} if scores else {}
        return [
            Wanted({"measured": pieces, **feeds}, options={"probe": name}, label=name) for name, pieces in found.items()
        ]

    def run(self, work: Work) -> Findings:
        """Tables: `properties` (each material), `over-materials`, `held-against-forces`; figures; verdicts."""
        name, found = self.options.probe, work.all("measured", Measurement)
        measured = sorted(found, key=lambda one: one.ref.trajectory or 0)
        title = "Properties"
        rows = compared(measured)
        if not rows:
            return Findings(title, name, notes=["nothing was measured"])
        curves = _curves(measured)
        tables = [property_table(rows), *summary_table(rows), *(table for table, _ in curves)]
        figures = [*_ratios(rows), *(figure for _, figure in curves)]
        verdicts, definition = list(_verdicts(name, rows)), DEFINITION
        if beside := held(rows, [(one.ref.set, series_rows(one.findings)) for one in work.all("scores", Found)]):
            drawn, figure = held_figure(beside)
            tables[2:2] = [held_table(beside), drawn]
            figures.insert(1, figure)
            verdicts += held_verdicts(beside)
            definition = f"{DEFINITION} {HELD}"
        notes = dict.fromkeys(_notes(measured))
        known = {row.material for row in rows if row.reference is not None}
        without = {row.material for row in rows} - known
        if known and without:
            notes[f"No reference of {count(len(without), 'material')}: {', '.join(sorted(without)[:8])}."] = None
        return Findings(title, name, tables, figures, verdicts, definition, SOURCE, list(notes))


def _notes(measured: Sequence[Measurement]) -> Iterator[str]:
    """What probes say of a material; of whom, where it is not the same of all."""
    said: dict[tuple[str, str], list[str]] = {}
    asked: dict[str, list[str]] = {}
    names = {LABELER: REFERENCE, **state_names(one.ref for one in measured if one.ref.state != LABELER)}
    for one in (one for one in measured if not one.given):
        asked.setdefault(one.ref.set, []).append(names[one.ref.state])
        for note in one.measured.notes:
            said.setdefault((one.ref.set, note), []).append(names[one.ref.state])
    for material, who in asked.items():
        if missing := [name for name in dict.fromkeys(names.values()) if name not in (*who, REFERENCE)]:
            yield f"{material}: not measured with {', '.join(missing)}."
    for (material, note), who in said.items():
        yield f"{material}: {note}" if who == asked[material] else f"{material}, {', '.join(who)}: {note}"


def _ratios(rows: Sequence[Compared]) -> Iterator[Figure]:
    """Ratios of few materials, or a parity plot of many; nothing without a reference."""
    known = [row for row in rows if row.reference is not None]
    if not known:
        return
    materials = list(dict.fromkeys(row.material for row in known))
    quantities = {row.quantity.name: _titled(row.quantity.name, row.quantity.unit) for row in known}
    color = _who(len({row.potential for row in known}) > 1)
    if len(materials) <= FEW:
        axes = {"scale": {"zero": False}, "axis": {"tickCount": 4}}
        x: dict[str, Any] = {"field": "ratio", "type": "quantitative", "title": "over the reference", **axes}
        points = {
            "mark": {"type": "point", "filled": True, "tooltip": {"content": "data"}},
            "encoding": {
                "x": x,
                "y": {"field": "quantity", "type": "nominal", "sort": None, "title": None},
                "color": color,
                "shape": {**color, "legend": None},
            },
        }
        one = {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"x": {"datum": 1}}}
        spec: dict[str, Any] = {
            "data": {"name": "properties"},
            "transform": [{"filter": "isValid(datum.ratio)"}],
            "facet": {"field": "material", "type": "nominal", "sort": materials, "title": None},
            "columns": 2,
            "spec": {"layer": [one, points], "width": 300},
        }
        caption = "Each quantity over the reference's; the dashed line: no difference."
        yield Figure("ratios", caption, f"{caption} Materials: {', '.join(materials)}.", spec)
        return
    axis = {"type": "quantitative", "scale": {"zero": False}}
    points = {
        "mark": {"type": "circle", "size": 18, "opacity": 0.7, "tooltip": {"content": "data"}},
        "encoding": {
            "x": {"field": "reference", "title": "reference", **axis},
            "y": {"field": "value", "title": "potential", **axis},
            "color": color,
        },
    }
    diagonal = {
        "mark": {"type": "line", "strokeDash": [4, 4], "strokeWidth": 1},
        "encoding": {"x": {"field": "reference", **axis}, "y": {"field": "reference", **axis}},
    }
    spec = {
        "data": {"name": "properties"},
        "transform": [
            {"filter": "isValid(datum.reference)"},
            {"filter": {"field": "quantity", "oneOf": list(quantities)[:MOST_PANELS]}},
            {"calculate": "datum.unit ? datum.quantity + ' (' + datum.unit + ')' : datum.quantity", "as": "panel"},
        ],
        "facet": {"field": "panel", "type": "nominal", "sort": list(quantities.values()), "title": None},
        "columns": 2,
        "spec": {"layer": [diagonal, points], "width": 280, "height": 280},
        "resolve": {"scale": {"x": "independent", "y": "independent"}},
    }
    caption = f"{len(materials)} materials: each potential against the reference; the dashed line: no difference."
    if len(quantities) > MOST_PANELS:
        caption += f" The table has {len(quantities) - MOST_PANELS} more quantities."
    yield Figure("parity", caption, caption, spec)


def _curves(measured: Sequence[Measurement]) -> list[tuple[Table, Figure]]:
    """What was measured as a curve, of the first materials."""
    kinds = {kind.name: kind for one in measured for kind in one.curve_kinds}
    found = []
    for kind in kinds.values():
        drawn = [one for one in measured if kind.name in one.measured.curves]
        materials = list(dict.fromkeys(one.ref.set for one in drawn))[:MOST_CURVES]
        several = len({one.ref.potential for one in drawn if one.ref.state != LABELER}) > 1
        cells = [
            [*_named(one), str(branch), x, y, None]
            for one in drawn
            if one.ref.set in materials
            for x, y, branch in one.measured.curves[kind.name]
        ]
        if not cells:
            continue
        marked = {one.ref.set: one for one in reversed(drawn) if one.measured.marks.get(kind.name)}
        cells += [
            [*_named(one), "", x, None, word]
            for material in materials
            if (one := marked.get(material))
            for x, word in one.measured.marks[kind.name]
        ]
        columns = (
            Column("material", description="Its name."),
            Column("potential", description="Its name; empty: the reference."),
            Column("state", description=STATES),
            Column("who", description=WHO),
            Column("seed", description="Of the fine-tuning."),
            Column("branch", description="Number or name of the line."),
            Column(kind.x, kind.x_unit),
            Column(kind.y, kind.y_unit, kind.description),
            Column("mark", description="Name of a place on the axis."),
        )
        named = any(isinstance(branch, str) for one in drawn for _, _, branch in one.measured.curves[kind.name])
        lines = {"strokeDash": {"field": "branch", "type": "nominal", "title": None}} if named else {}
        table = Table(slug(kind.name) or "curve", kind.name, columns, cells, shown=False)
        spec = {
            "data": {"name": table.name},
            "facet": {"field": "material", "type": "nominal", "sort": materials, "title": None},
            "columns": 2,
            "spec": {
                "layer": [
                    *(_marks(kind) if marked else ()),
                    {
                        "transform": [{"filter": "!isValid(datum.mark)"}],
                        "mark": {"type": "line", "tooltip": {"content": "data"}},
                        "encoding": {
                            "x": _axis(kind.x, kind.x_unit, bool(marked)),
                            "y": _axis(kind.y, kind.y_unit),
                            "color": _who(several),
                            **lines,
                            "detail": [{"field": name, "type": "nominal"} for name in ("branch", "potential", "seed")],
                        },
                    },
                ],
                "width": 300,
            },
            "resolve": {"scale": {"x": "independent", "y": "independent"}},
        }
        caption = f"{kind.name}. {kind.description}".strip()
        found.append((table, Figure(f"{table.name}-drawn", caption, f"{caption} Of {', '.join(materials)}.", spec)))
    return found


def _who(several: bool) -> dict[str, Any]:
    """Whose number it is: the state, which has a color of its own in all figures, or with several potentials both."""
    return {"field": "who" if several else "state", "type": "nominal", "sort": None, "title": None}


def _axis(name: str, unit: str, is_marked: bool = False) -> Mapping[str, Any]:
    """is_marked: whether names stand in the place of numbers."""
    bare = {"axis": {"labels": False, "ticks": False, "grid": False, "titlePadding": 20}} if is_marked else {}
    return {"field": name, "type": "quantitative", "scale": {"zero": False}, "title": _titled(name, unit), **bare}


def _marks(kind: CurveKind) -> list[dict[str, Any]]:
    """A line and a name at each place on the axis that has one."""
    x = _axis(kind.x, kind.x_unit, True)
    chosen = {"transform": [{"filter": "isValid(datum.mark)"}]}
    below = {"type": "text", "baseline": "top", "dy": 6}
    named = {"x": x, "y": {"value": "height"}, "text": {"field": "mark", "type": "nominal"}}
    return [
        {**chosen, "mark": {"type": "rule", "opacity": 0.3}, "encoding": {"x": x}},
        {**chosen, "mark": below, "encoding": named},
    ]


def _titled(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _named(one: Measurement) -> list[Any]:
    """Material, potential, state, both of these, and seed."""
    if one.ref.state == LABELER:
        return [one.ref.set, "", REFERENCE, REFERENCE, 0]
    state = state_name(one.ref.state)
    return [one.ref.set, one.ref.potential, state, f"{one.ref.potential} {state}", one.ref.seed]


def _verdicts(probe: str, rows: Sequence[Compared]) -> Iterator[Verdict]:
    """Of each untouched potential: by how much its numbers differ, on the median or for each of few materials."""
    from whet.analyses.parts.property_table import median_ratio

    untouched = [row for row in rows if row.state == "untouched" and row.ratio is not None]
    for potential in dict.fromkeys(row.potential for row in untouched):
        own = [row for row in untouched if row.potential == potential]
        materials = list(dict.fromkeys(row.material for row in own))
        if len(materials) < LEAST_UNITS:
            changes = [(row, row.ratio - 1) for row in own if row.ratio is not None]
            said = [f"{row.quantity.name} of {row.material} {change:+.1%}" for row, change in changes]
            more = f" and {len(said) - 4} more" if len(said) > 4 else ""
            claim = f"{potential}, against the reference: {', '.join(said[:4])}{more}".replace("-", "−")
            limits = "What these materials say about others is not known."
            yield Verdict(f"{probe}: how far off?", claim, limits=limits, of="materials", prominent=False)
            continue
        parts = []
        decided = False
        for quantity in dict.fromkeys(row.quantity.name for row in own):
            ratio = median_ratio([row.ratio for row in own if row.quantity.name == quantity and row.ratio is not None])
            if ratio.value is None:
                continue
            words = f"{quantity} {ratio.value - 1:+.1%}"
            if ratio.interval is not None:
                low, high = ratio.interval
                words += f" [{low - 1:+.1%}, {high - 1:+.1%}]"
                decided |= low > 1 or high < 1
            parts.append(words.replace("-", "−"))
        claim = f"{potential}, the median of {len(materials)} materials: {', '.join(parts)}"
        if not decided:
            claim += "; no difference is resolved"
        yield Verdict(
            f"{probe}: how far off?",
            claim,
            units=len(materials),
            of="materials",
            decided=decided,
            limits="Medians over these materials alone: how they were chosen decides what they speak for.",
        )
