"""The figure of a comparison of strategies: the relative difference of each error, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from whet.analyses.parts.compared import Compared
from whet.analyses.parts.window import Window
from whet.contracts.findings import Cell, Column, Estimate, Figure, Table
from whet.data.numbers import percent

POINTS = "comparison-points"
TICKS = (0.0, -0.5, 1.0, -0.9, 9.0, -0.75, 3.0, -0.25, 0.5, 0.25, -0.1, 0.1, -0.05, 0.05, -0.02, 0.02, -0.01, 0.01)
"""Changes that an axis may name, the most wanted first."""

ROOM = 0.14
"""Between two of them, of the length of the axis."""

MOST_PANELS = 3
"""Pairs that are drawn; the table has all."""

WORST = 7.0
"""Of the logarithm of a ratio of errors: what is farther out is drawn there."""

CAPTION = (
    "MAE of the second strategy over that of the first: left of 0, the second errs less. Bars: 95 % intervals over "
    "trajectories and, where there are several, over seeds, one at a time. Frames that a "
    "potential sampled or relaxed itself (open points) favor the naive strategy in forces, and decide nothing."
)


def comparison_figure(rows: Sequence[Compared]) -> tuple[Figure, Table] | None:
    """One panel a pair, one line a row; None where no errors can be compared."""
    drawn = list(dict.fromkeys((row.first, row.second) for row in rows))[:MOST_PANELS]
    rows = [row for row in rows if row.contrast.change.value is not None and (row.first, row.second) in drawn]
    if not rows:
        return None
    places = [_place(row.contrast.change) for row in rows]
    ends = [end for one in places for end in (one.interval or ())]
    anchors = [0.0, *(one.value for one in places if one.value is not None)]
    window = Window.around(anchors, ends, least=0.1)
    pairs = list(dict.fromkeys((row.first, row.second) for row in rows))
    panels = [_panel(first, second, window) for first, second in pairs]
    cells: list[list[Cell]] = [
        [
            *(_pair(row.first, row.second), f"{row.quantity}, {row.on}", row.kind, row.may_decide, row.reading),
            *(row.contrast.change, place),
        ]
        for row, place in zip(rows, places, strict=True)
    ]
    columns = (
        *map(Column, ("pair", "row", "frames", "decides", "reading")),
        Column("change", percent=True, interval=True),
        Column("place", interval=True),
    )
    said = "; ".join(
        f"{_pair(row.first, row.second)}, {row.quantity} on {row.on}: {percent(row.contrast.change.value, sign=True)}"
        for row in rows
    )
    text = f"Relative difference of the errors of two strategies. {said}."
    table = Table(POINTS, "Points of the figure", columns, cells, shown=False)
    spec = {"vconcat": panels, "spacing": 16} if len(panels) > 1 else panels[0]
    return Figure("comparison", CAPTION, text, spec), table


def _pair(first: str, second: str) -> str:
    return f"{second} against {first}"


def _place(change: Estimate) -> Estimate:
    """The logarithm of the ratio: as far left for half the error as right for double."""

    def log(value: float) -> float:
        return min(max(math.log1p(max(value, -1 + 1e-12)), -WORST), WORST)

    interval = None if change.interval is None else (log(change.interval[0]), log(change.interval[1]))
    return Estimate(None if change.value is None else log(change.value), interval)


def _ticks(window: Window) -> list[float]:
    room, found = ROOM * (window.high - window.low), []
    for place in map(math.log1p, TICKS):
        if window.low <= place <= window.high and all(abs(place - other) >= room for other in found):
            found.append(place)
    return sorted(found)


def _panel(first: str, second: str, window: Window) -> dict[str, Any]:
    label = "abs(datum.value) < 1e-9 ? '0' : format(exp(datum.value) - 1, '+.0%')"
    axis = {"values": _ticks(window), "labelExpr": label, "labelOverlap": False}
    title = f"MAE of {second} against {first} (left: {second} is better)"
    scale = {"domain": [window.low, window.high], "zero": False, "nice": False}
    x = {"type": "quantitative", "title": title, "axis": axis, "scale": scale}
    shared = {
        "y": {"field": "row", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 320}},
        "color": {"field": "frames", "type": "nominal", "title": "frames of"},
        "tooltip": [{"field": name} for name in ("row", "frames", "reading", "change", *CHANGE)],
    }
    bar = {"x": {"field": "place 95 % low", **x}, "x2": {"field": "place 95 % high"}}
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"x": {"datum": 0.0, **x}}},
        {"mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.6, "clip": True}, "encoding": {**shared, **bar}},
    ]
    for decides, filled in ((True, True), (False, False)):
        point = {"x": {"field": "place", **x}, "shape": {"value": "circle"}}
        mark = {"type": "point", "filled": filled, "size": 60, "opacity": 1, "clip": True}
        where = [{"filter": f"datum.decides === {str(decides).lower()}"}]
        layers.append({"transform": where, "mark": mark, "encoding": {**shared, **point}})
    return {
        "data": {"name": POINTS},
        "transform": [{"filter": {"field": "pair", "equal": _pair(first, second)}}],
        "width": 340,
        "height": {"step": 22},
        "layer": layers,
    }


CHANGE = ("change 95 % low", "change 95 % high")
