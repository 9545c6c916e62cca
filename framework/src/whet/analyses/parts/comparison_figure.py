"""The figure of a comparison of strategies: the relative difference of each error, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from whet.analyses.parts.compared import GIVEN, RATTLED, REFERENCE, RELAXED, SELF, SELF_RELAXED, Compared
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

KINDS = (REFERENCE, RELAXED, RATTLED, GIVEN, SELF, SELF_RELAXED)
"""Of sets, as in the legend: those that may decide first."""

DISC = "circle"
RING = "M1,0A1,1,0,1,1,-1,0A1,1,0,1,1,1,0ZM0.6,0A0.6,0.6,0,1,0,-0.6,0A0.6,0.6,0,1,0,0.6,0Z"
"""A disc with a hole, filled: legends draw it as it is."""

CAPTION = (
    "Change of the MAE from {} to {}: left of 0, {} errs less. The axis is logarithmic: half and double the error are "
    "equally far from 0. Bars: 95 % intervals over units and, where there are several, over seeds, one at a time; one "
    "that ends at an edge goes on beyond it. Rings: frames that a potential sampled or relaxed itself. They favor the "
    "naive strategy in forces, and decide nothing, whichever way they lean."
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
    kinds = [kind for kind in KINDS if any(row.kind == kind for row in rows)]
    panels = [_panel(first, second, window, kinds) for first, second in pairs]
    first, second = pairs[0] if len(pairs) == 1 else ("the first strategy", "the second")
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
    text = f"Change of the mean absolute error from one strategy to another. {said}."
    table = Table(POINTS, "Points of the figure", columns, cells, shown=False)
    spec = {"vconcat": panels, "spacing": 16} if len(panels) > 1 else panels[0]
    return Figure("comparison", CAPTION.format(first, second, second), text, spec), table


def _pair(first: str, second: str) -> str:
    return f"from {first} to {second}"


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


def _panel(first: str, second: str, window: Window, kinds: Sequence[str]) -> dict[str, Any]:
    label = "abs(datum.value) < 1e-9 ? '0' : format(exp(datum.value) - 1, '+.0%')"
    axis = {"values": _ticks(window), "labelExpr": label, "labelOverlap": False}
    title = f"change of the MAE from {first} to {second}, logarithmic"
    scale = {"domain": [window.low, window.high], "zero": False, "nice": False}
    x = {"type": "quantitative", "title": title, "axis": axis, "scale": scale}
    frames = {"field": "frames", "type": "nominal", "title": "frames of"}
    shared = {
        "y": {"field": "row", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 320}},
        "color": {**frames, "scale": {"domain": kinds}},
        "tooltip": [{"field": name} for name in ("row", "frames", "reading", "change", *CHANGE)],
    }
    bar = {"x": {"field": "place 95 % low", **x}, "x2": {"field": "place 95 % high"}}
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"x": {"datum": 0.0, **x}}},
        {"mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.6, "clip": True}, "encoding": {**shared, **bar}},
    ]
    rings = [RING if kind in (SELF, SELF_RELAXED) else DISC for kind in kinds]
    point = {"x": {"field": "place", **x}, "shape": {**frames, "scale": {"domain": kinds, "range": rings}}}
    mark = {"type": "point", "filled": True, "size": 60, "opacity": 1, "clip": True}
    layers.append({"mark": mark, "encoding": {**shared, **point}})
    return {
        "data": {"name": POINTS},
        "transform": [{"filter": {"field": "pair", "equal": _pair(first, second)}}],
        "width": 340,
        "height": {"step": 22},
        "layer": layers,
    }


CHANGE = ("change 95 % low", "change 95 % high")
