"""Learning: softness and error against the number of labels, the untouched potential at the left end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from whet.analyses.parts.error_curves import error_curves
from whet.analyses.parts.label_axis import LabelAxis
from whet.analyses.parts.meanings import POTENTIAL, SEEDS, STATES
from whet.analyses.parts.series_table import COLUMNS, SeriesRow, seed_values, series_names, series_rows
from whet.analyses.parts.window import Window
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Estimate, Figure, Findings, Table
from whet.contracts.ports import Found, Port, Predictions
from whet.contracts.ref import Ref
from whet.contracts.task import Work
from whet.data.numbers import count

POINTS = "learning-points"
RATIO, R2 = COLUMNS["curvature"].name, COLUMNS["r2"].name
SOFTNESS, BOUNDS = "|1 − curvature ratio|", "between s and 1/b"
PANELS = ((RATIO, SOFTNESS, 0.0), (BOUNDS, BOUNDS, 1.0), (R2, R2, 1.0), ("MAE F", "force MAE (eV/Å)", 0.0))
"""Quantity, title, and where a perfect potential is. Of the first two that is drawn for which the frames are good."""

LEAST = {RATIO: 1.0, R2: 1.0}
"""How far from a perfect potential values are shown, whatever the untouched one's is: what lies beyond has exploded."""

DEFINITION = (
    "Labels count training and validation frames. Bars: 95 % intervals over independent units. An open diamond is the "
    "untouched potential with its forces times one factor, b of one frame: of the first training data that with the "
    "largest root-mean-square reference force. Lines join means over seeds, small dots are single seeds. Softness is "
    "|1 − curvature ratio| where one sampler decides for every state: frames of the reference’s dynamics, and rattles. "
    "Otherwise bars reach from s to 1/b, between which the ratio lies."
)


class Learning(Analysis):
    """Learning curves: what each label bought, for each set on which a strategy has at least two sizes."""

    name = "learning"
    place = 20
    result_version = 6
    by_default = True
    after = ("scores",)
    inputs: ClassVar[Mapping[str, Port]] = {"scores": Port(Found, many=False, what="of the set")}

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        """One step a set, independent ones first, then replay."""
        scores = [piece for piece in study.all(Found) if piece.role == "scores"]
        wanted = []
        for kind in ("independent", "replay"):
            for piece in (piece for piece in scores if piece.ref.set_kind == kind):
                on = piece.ref.set
                states = {one.ref.state for one in study.all(Predictions, set=on) if one.ref.strategy}
                sizes = {(one.potential, one.strategy, one.round, one.size) for one in states}
                if len(sizes) > len({one[:2] for one in sizes}):
                    wanted.append(Wanted({"scores": [piece]}, ref=Ref(set=on, set_kind=kind), label=on))
        return wanted

    def run(self, work: Work) -> Findings:
        """Table and figure `learning`, and figure `error-curves`."""
        found = work.one("scores", Found)
        rows, on = series_rows(found.findings), found.ref.set
        tables: list[Table] = [_table(rows, on)] if rows else []
        figures = []
        if any(row.strategy and row.labels for row in rows):
            figure, points = _figure(rows, found)
            figures, tables = [figure], [*tables, points]
            if curves := error_curves(rows, found.findings, on):
                figures, tables = [figure, curves[0]], [*tables, curves[1]]
        return Findings("Learning curves", on, tables, figures, definition=DEFINITION)


def _estimate(row: SeriesRow, quantity: str) -> Estimate:
    from whet.bias.series import softness

    if quantity == BOUNDS:
        return Estimate(None, row.bounds)
    return {RATIO: softness(row.curvature), R2: row.r2, "MAE F": row.mae}[quantity]


def _decided(rows: Sequence[SeriesRow]) -> bool:
    """Whether one sampler decides for every state."""
    return all(row.slope for row in rows) and len({row.sampler for row in rows}) == 1


def _table(rows: Sequence[SeriesRow], on: str) -> Table:
    from whet.bias.series import softness

    bounds = not _decided(rows) and any(row.bounds for row in rows)
    columns = (
        Column("potential", description=POTENTIAL),
        Column("state", description=STATES),
        COLUMNS["labels"],
        Column(SOFTNESS, "", "Softness or stiffness", 3, interval=True, spread=True, shown=_decided(rows)),
        replace(COLUMNS["lower"], decimals=3, shown=bounds),
        replace(COLUMNS["upper"], decimals=3, shown=bounds),
        replace(COLUMNS["r2"], decimals=3, brief=True, shown=any(row.r2.value is not None for row in rows)),
        COLUMNS["mae"],
        Column("seeds", description=SEEDS),
    )
    cells: list[list[Cell]] = [
        [
            row.potential,
            row.state,
            row.mean_labels,
            softness(row.curvature),
            *(row.lower, row.upper),
            row.r2,
            row.mae,
            row.seeds,
        ]
        for row in rows
    ]
    return Table("learning", f"The numbers of the figure: “{on}”", columns, cells, folded=True)


def _figure(rows: Sequence[SeriesRow], found: Found) -> tuple[Figure, Table]:
    on = found.ref.set
    axis = LabelAxis.of([row.labels for row in rows if row.strategy and row.labels])
    rows = [row for row in rows if row.corrected != "1/s"]
    points: list[list[Cell]] = []
    panels, outside, cut = [], False, False
    drawn = [one for one in PANELS if one[0] != (BOUNDS if _decided(rows) else RATIO)]
    for quantity, title, ideal in drawn:
        every = [_estimate(row, quantity) for row in rows]
        if all(one.value is None and one.interval is None for one in every):
            continue  # relaxed structures have no slopes
        untouched = [one for one, row in zip(every, rows, strict=True) if row.untouched]
        window = Window.of(ideal, untouched, every, LEAST.get(quantity, 0.0))
        points += _points(rows, found, quantity, axis, window)
        domain = [window.low if ideal else 0, 1 + 0.04 * (1 - window.low) if quantity == R2 else window.high]
        panels.append(_panel(quantity, title, axis, domain))
        outside |= any(window.beyond(one.value) for one in every)
        cut |= any(window.cuts(one) and not window.beyond(one.value) for one in every)
    caption = f"“{on}” ({count(min(row.frames for row in rows), 'frame')}" + (
        ", of the foundation model's training set): what was forgotten." if found.ref.set_kind == "replay" else ")."
    )
    caption += " Arrows: outside the figure; the table has the number." if outside else ""
    caption += " Bars that reach the edge go on; the table has their ends." if cut else ""
    text = f"Softness, uncentred R² and force error on {on} against the number of labels; the table has the numbers."
    columns = (
        *map(Column, ("quantity", "kind", "potential", "series", "state", "seed", "labels", "place")),
        Column("value", interval=True),
        *map(Column, ("drawn", "outside")),
    )
    table = Table(POINTS, "Points of the learning curves", columns, points, shown=False)
    return Figure("learning", caption, text, {"hconcat": panels, "spacing": 12}), table


def _points(
    rows: Sequence[SeriesRow], found: Found, quantity: str, axis: LabelAxis, window: Window
) -> list[list[Cell]]:
    """Points of one panel: each strategy's line begins at its untouched potential."""
    cells: list[list[Cell]] = []

    def add(row: SeriesRow, kind: str, series: str, place: float, one: Estimate, seed: int | None = None) -> None:
        if one.value is None and one.interval is not None and kind != "seed":
            known = [quantity, "bounds", row.potential, series, row.state, None, row.labels, place]
            cells.append([*known, one, None, ""])
        if one.value is None or (seed is not None and window.beyond(one.value)):
            return
        side = {1: "above", -1: "below", 0: ""}[window.beyond(one.value)]
        known = [quantity, kind, row.potential, series, row.state, seed, row.labels, place]
        cells.append([*known, one, window.clipped(one.value), side])

    named = list(zip(rows, series_names(rows), strict=True))
    for row, series in named:
        one = _estimate(row, quantity)
        place = axis.zero if row.untouched else axis.once if row.corrected else math.log10(row.labels or 1)
        if row.untouched:
            own = (name for other, name in named if other.strategy and other.potential == row.potential)
            for name in dict.fromkeys(own):
                add(row, "line", name, place, one)
        else:
            add(row, "corrected" if row.corrected else "line", series, place, one)
        single = row.seeds > 1 and quantity != BOUNDS
        for seed, value in seed_values(found.findings, row, quantity) if single else ():
            if value is not None:
                height = abs(1 - value) if quantity == RATIO else value
                add(row, "seed", series, place, Estimate(height), seed)
    return cells


def _panel(quantity: str, title: str, axis: LabelAxis, domain: Sequence[float]) -> dict[str, Any]:
    scale = {"domain": list(domain), "zero": False, "nice": False}
    y = {"type": "quantitative", "title": None, "scale": scale}

    def layer(mark: Mapping[str, Any], only: str, field: str = "drawn", **encoding: Any) -> dict[str, Any]:
        return {
            "transform": [{"filter": only}],
            "mark": {"clip": True, **mark},
            "encoding": {
                "x": axis.encoding(),
                "y": {"field": field, **y},
                "color": {"field": "series", "type": "nominal", "title": None},
                "tooltip": [{"field": name} for name in ("potential", "state", "labels", "seed", *VALUE)],
                **encoding,
            },
        }

    line, dot = "datum.kind == 'line'", {"type": "point", "filled": True}
    bar = {"type": "rule", "strokeWidth": 3, "opacity": 0.35}
    layers = [
        layer(bar, "datum.kind != 'seed'", VALUE[1], y2={"field": VALUE[2]}),
        layer({"type": "line"}, line),
        layer({**dot, "opacity": 1}, f"({line} || datum.kind == 'corrected') && datum.outside == ''"),
        layer({**dot, "size": 8, "opacity": 0.7}, "datum.kind == 'seed'", shape={"value": "circle"}),
    ]
    for side, shape in (("above", "triangle-up"), ("below", "triangle-down")):
        mark = {"type": "point", "filled": True, "size": 80, "clip": False}
        layers.append(layer(mark, f"datum.kind != 'seed' && datum.outside == '{side}'", shape={"value": shape}))
    rule = {"x": {"datum": axis.gap, **{k: v for k, v in axis.encoding().items() if k != "field"}}}
    return {
        "data": {"name": POINTS},
        "title": title,
        "width": 170,
        "height": 170,
        "transform": [{"filter": f"datum.quantity == '{quantity}'"}],
        "layer": [{"mark": {"type": "rule", "strokeDash": [2, 3]}, "encoding": rule}, *layers],
    }


VALUE = ("value", "value 95 % low", "value 95 % high")
