"""error_curves: errors against labels and against rounds on logarithmic axes, with the spread over repetitions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from whet.analyses.parts.label_axis import LabelAxis
from whet.analyses.parts.series_table import SeriesRow, seed_values, series_names
from whet.contracts.findings import Cell, Column, Figure, Findings, Table

CURVES = "error-curves"
QUANTITIES = (
    ("MAE F", "force MAE (eV/Å)"),
    ("MAE E fitted here", "energy MAE, fitted (meV/atom)"),
    ("RMSE S", "stress RMSE (eV/Å³)"),
)
"""Column of the table of series, and title of its panel."""


ROUNDING = 1e-7
"""Of the largest error; what is smaller is none, and has no place on a logarithmic axis."""


def error_curves(rows: Sequence[SeriesRow], scores: Findings, on: str) -> tuple[Figure, Table] | None:
    """Panels by labels and, where a strategy has several rounds, by round; None where no error is above 0."""
    axis = LabelAxis.of([row.labels for row in rows if row.strategy and row.labels])
    rows = [row for row in rows if row.corrected != "1/s"]
    cells = [cell for quantity, _ in QUANTITIES for cell in _points(rows, scores, quantity, axis)]
    if not cells:
        return None
    rounds = any(row.round > 1 and row.size is None for row in rows)
    known = [(quantity, title) for quantity, title in QUANTITIES if any(cell[0] == quantity for cell in cells)]
    by = [("place", axis.encoding(), "true")]
    if rounds:
        tick = {"format": "d", "tickMinStep": 1}
        number = {"field": "round", "type": "quantitative", "title": "round", "axis": tick, "scale": {"zero": True}}
        by.append(("round", number, "isValid(datum.round)"))
    panels = [
        {"hconcat": [_panel(quantity, title, x, only) for quantity, title in known], "spacing": 12} for _, x, only in by
    ]
    columns = (
        *map(Column, ("quantity", "kind", "potential", "series", "state", "seed", "labels", "round", "place")),
        Column("value"),
        Column("low", description="Mean less the standard deviation over repetitions."),
        Column("high", description="Mean and the standard deviation over repetitions."),
    )
    repeated = any(row.seeds > 1 for row in rows)
    caption = f"Errors on “{on}” against the number of labels" + (" (above) and by round (below)." if rounds else ".")
    caption += " Bars: standard deviation over repetitions; small dots: each of them." if repeated else ""
    spec = {"vconcat": panels, "spacing": 18} if rounds else panels[0]
    figure = Figure(CURVES, caption, caption + " The tables of errors have the numbers.", spec)
    return figure, Table(CURVES, "Points of the error curves", columns, cells, shown=False)


def _points(rows: Sequence[SeriesRow], scores: Findings, quantity: str, axis: LabelAxis) -> Iterator[list[Cell]]:
    named = list(zip(rows, series_names(rows), strict=True))
    largest = max((value or 0.0 for row in rows for _, value in seed_values(scores, row, quantity)), default=0.0)
    for row, series in named:
        values = (value for _, value in seed_values(scores, row, quantity))
        found = [value for value in values if value is not None and value > ROUNDING * largest]
        if not found or len(found) < row.seeds:
            continue
        mean = sum(found) / len(found)
        off = math.sqrt(sum((one - mean) ** 2 for one in found) / (len(found) - 1)) if len(found) > 1 else None
        place = axis.zero if row.untouched else axis.once if row.corrected else math.log10(row.labels or 1)
        number = None if row.corrected or row.size is not None else row.round
        # Down to a tenth of the mean: a logarithmic axis has no zero.
        ends = (None, None) if off is None else (max(mean - off, 0.1 * mean), mean + off)
        lines = [series]
        if row.untouched:
            own = (name for other, name in named if other.strategy and other.potential == row.potential)
            lines = list(dict.fromkeys(own)) or [series]
        kind = "corrected" if row.corrected else "line"
        for line in lines:
            known: list[Cell] = [quantity, kind, row.potential, line, row.state]
            yield [*known, None, row.labels, number, place, mean, *ends]
        for seed, value in seed_values(scores, row, quantity) if row.seeds > 1 else ():
            known = [quantity, "seed", row.potential, series, row.state]
            yield [*known, seed, row.labels, number, place, value, None, None]


def _panel(quantity: str, title: str, x: Mapping[str, Any], only: str) -> dict[str, Any]:
    y = {"type": "quantitative", "title": None, "scale": {"type": "log", "nice": False, "padding": 8}}
    y["axis"] = {"format": "~g", "tickCount": 4}

    def layer(mark: Mapping[str, Any], kinds: str, field: str = "value", **encoding: Any) -> dict[str, Any]:
        names = ("potential", "state", "labels", "round", "seed", "value")
        color = {"field": "series", "type": "nominal", "title": None}
        shared = {"x": x, "y": {"field": field, **y}, "color": color, "tooltip": [{"field": name} for name in names]}
        return {"transform": [{"filter": kinds}], "mark": mark, "encoding": {**shared, **encoding}}

    dot = {"type": "point", "filled": True}
    bar = {"type": "rule", "strokeWidth": 3, "opacity": 0.35}
    return {
        "data": {"name": CURVES},
        "title": title.replace(" (", "\n(").splitlines(),  # so that neighbors do not run into each other
        "width": 170,
        "height": 170,
        "transform": [{"filter": f"datum.quantity == '{quantity}' && {only}"}],
        "layer": [
            layer(bar, "isValid(datum.low)", "low", y2={"field": "high"}),
            layer({"type": "line"}, "datum.kind == 'line'"),
            layer({**dot, "opacity": 1}, "datum.kind != 'seed'"),
            layer({**dot, "size": 8, "opacity": 0.7}, "datum.kind == 'seed'", shape={"value": "circle"}),
        ],
    }
