"""The first figure of a report: curvature ratio and force error of each state, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from whet.analyses.parts.series_table import COLUMNS, SeriesRow, row_names, seed_values, series_names
from whet.analyses.parts.window import Window
from whet.contracts.findings import Cell, Column, Estimate, Figure, Findings, Table
from whet.data.numbers import count, shown, with_interval

POINTS, SEEDS = "in-short", "in-short-seeds"
RATIO = COLUMNS["curvature"].name
QUANTITIES = (
    (RATIO, "curvature ratio", 1.0, 0.1),
    ("MAE F", "force MAE (eV/Å)", 0.0, 0.0),
)
"""Name, title of the axis, where a perfect potential is, and how far an axis reaches at least."""


def first_figure(rows: Sequence[SeriesRow], scores: Findings, on: str) -> tuple[Figure, list[Table]]:
    """One line for each row; what lies far outside is an arrow with its number. scores: of the set `on`.

    Where the frames do not decide, a thin line from s to 1/b stands for the curvature ratio. Relaxed structures have
    none.
    """
    every = [_ratio(row) for row in rows], [row.mae for row in rows]
    windows = [
        Window.of(ideal, (one for one, row in zip(found, rows, strict=True) if row.untouched), found, least)
        for found, (_, _, ideal, least) in zip(every, QUANTITIES, strict=True)
    ]
    tables = [
        Table(POINTS, "Points of the first figure", POINT_COLUMNS, _points(rows, every, windows), shown=False),
        Table(SEEDS, "Single seeds of the first figure", SEED_COLUMNS, _seeds(rows, scores, windows), shown=False),
    ]
    drawn = [
        (quantity, window)
        for quantity, window, found in zip(QUANTITIES, windows, every, strict=True)
        if any(one.value is not None or one.interval for one in found)
    ]
    panels = [
        _panel(quantity, title, window, ideal, row_names(rows), labels=not place)
        for place, ((quantity, title, ideal, _), window) in enumerate(drawn)
    ]
    caption = f"“{on}”, {count(min(row.frames for row in rows), 'frame')}; bars: 95 % intervals over independent units."
    if any(quantity == RATIO for (quantity, *_), _ in drawn):
        caption += " Curvature ratio 1: neither soft nor stiff."
    if any(not row.slope and row.bounds for row in rows):
        caption += " Thin line: from s to 1/b, where the frames do not decide."
    caption += " Small dots: seeds." if any(row.seeds > 1 for row in rows) else ""
    outside = any(
        win.beyond(one.value) or win.cuts(one) for found, win in zip(every, windows, strict=True) for one in found
    )
    caption += " Arrows: outside the figure." if outside else ""
    said = "; ".join(
        f"{row.potential} {row.state}: curvature ratio {_said(row)}, force MAE {with_interval(row.mae, 4)}"
        for row in rows
    )
    text = f"Curvature ratio and force error on {on}. {said}."
    return Figure("in-short", caption, text, {"hconcat": panels, "spacing": 16}, prominent=True), tables


POINT_COLUMNS = (
    *(Column(name) for name in ("quantity", "row", "potential", "series", "state", "kind")),
    Column("value", interval=True),
    *(Column(name) for name in ("from", "to", "drawn", "outside", "text", "on to the left", "on to the right")),
)
SEED_COLUMNS = [Column(name) for name in ("quantity", "row", "potential", "series", "seed", "value")]


def _ratio(row: SeriesRow) -> Estimate:
    """The curvature ratio; without a value, from s to 1/b, where the frames do not decide."""
    return row.curvature if row.slope else Estimate(None, row.bounds)


def _said(row: SeriesRow) -> str:
    if row.slope or row.bounds is None:
        return with_interval(row.curvature, 3)
    return f"between {shown(row.bounds[0], 3)} and {shown(row.bounds[1], 3)}"


def _points(
    rows: Sequence[SeriesRow], every: Sequence[Sequence[Estimate]], windows: Sequence[Window]
) -> list[list[Cell]]:
    cells: list[list[Cell]] = []
    for found, window, (quantity, *_) in zip(every, windows, QUANTITIES, strict=True):
        for row, name, series, one in zip(rows, row_names(rows), series_names(rows), found, strict=True):
            if one.value is None and one.interval is not None:
                ends = [window.clipped(end) for end in one.interval]
                known = (quantity, name, row.potential, series, row.state, "bounds", one)
                cells.append([*known, *ends, None, "", "", *_goes_on(one, window)])
            if one.value is None:
                continue
            side = window.beyond(one.value)
            number = shown(one.value, 2)
            text = f"{number} ▶" if side > 0 else f"◀ {number}" if side < 0 else ""
            cells.append(
                [
                    *(quantity, name, row.potential, series, row.state),
                    *("corrected" if row.corrected else "point", one, None, None, window.clipped(one.value)),
                    *({1: "right", -1: "left", 0: ""}[side], text),
                    *((None, None) if side else _goes_on(one, window)),
                ]
            )
    return cells


def _goes_on(one: Estimate, window: Window) -> tuple[float | None, float | None]:
    """The edges of the window that a bar is cut at: left, right."""
    low, high = one.interval or (None, None)
    return window.low if window.beyond(low) < 0 else None, window.high if window.beyond(high) > 0 else None


def _seeds(rows: Sequence[SeriesRow], scores: Findings, windows: Sequence[Window]) -> list[list[Cell]]:
    return [
        [quantity, name, row.potential, series, seed, value]
        for window, (quantity, *_) in zip(windows, QUANTITIES, strict=True)
        for row, name, series in zip(rows, row_names(rows), series_names(rows), strict=True)
        for seed, value in seed_values(scores, row, quantity)
        if row.seeds > 1 and value is not None and not window.beyond(value)
    ]


def _panel(
    quantity: str, title: str, window: Window, ideal: float, rows: Sequence[str], labels: bool
) -> dict[str, Any]:
    domain = [window.low if ideal else 0, window.high]
    x = {"type": "quantitative", "scale": {"domain": domain, "zero": False, "nice": False}, "title": title}
    axis = {} if labels else {"axis": {"labels": False, "ticks": False}}
    y = {"field": "row", "type": "nominal", "sort": list(rows), "title": None, **axis}
    names = ("potential", "state", "value", "value 95 % low", HIGH)
    shared = {
        "y": y,
        "color": {"field": "series", "type": "nominal", "legend": None},
        "tooltip": [{"field": name} for name in names],
    }

    def layer(mark: Mapping[str, Any], only: str, x_field: str = "drawn", **encoding: Any) -> dict[str, Any]:
        return {
            "transform": [{"filter": only}],
            "mark": {"clip": True, **mark},
            "encoding": {**shared, "x": {"field": x_field, **x}, **encoding},
        }

    inside = "datum.outside == '' && datum.kind != 'bounds'"
    layers = [
        layer({"type": "rule", "strokeWidth": 3, "opacity": 0.6}, inside, "value 95 % low", x2={"field": HIGH}),
        layer({**DOT, "size": 60, "opacity": 1}, inside),
    ]
    for side in ("left", "right"):
        text = {"field": "text", "type": "nominal"}
        layers.append(layer({"type": "text", "align": side}, f"datum.outside == '{side}'", text=text))
    for side, arrow in (("left", "◀"), ("right", "▶")):
        field = f"on to the {side}"
        cut = {"type": "text", "align": side, "text": arrow, "fontSize": 9}
        layers.append(layer(cut, f"isValid(datum['{field}'])", field))
    if ideal:
        perfect = {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"x": {"datum": ideal, **x}}}
        bounds = layer({"type": "rule", "strokeWidth": 1}, "datum.kind == 'bounds'", "from", x2={"field": "to"})
        layers = [perfect, *layers, bounds]
    seeds = layer({**DOT, "size": 8, "opacity": 0.6}, _only(quantity), "value", shape={"value": "circle"})
    seeds["encoding"]["tooltip"] = [{"field": name} for name in ("potential", "seed", "value")]
    return {
        "data": {"name": POINTS},
        "transform": [{"filter": _only(quantity)}],
        "width": 230,
        "height": {"step": 22},
        "layer": [*layers, {"data": {"name": SEEDS}, **seeds}],
    }


HIGH = "value 95 % high"
DOT = {"type": "point", "filled": True}


def _only(quantity: str) -> str:
    return f"datum.quantity == '{quantity}'"
