"""Figures over many materials: the distribution of the scale, and the scale beside what probes measured."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from whet.contracts.findings import Cell, Column, Figure, Table

if TYPE_CHECKING:
    import numpy as np

    from whet.analyses.parts.material_states import StateOverMaterials

BARS = 32
"""About how many bars a panel has."""

MOST_PANELS = 8
MOST_POINTS = 4000
FAR, LEAST = 8.0, 0.1
"""The axis ends at this many spreads from the median of a state, or that far from it at least."""

ROOM = 0.3
"""How far beyond the untouched potentials the axis may reach at least."""

BINS = "distribution"


def distribution(states: Sequence[StateOverMaterials], what: str, said: str) -> tuple[Figure, Table]:
    """A histogram for each state, one below the other. what: the number. said: the same, and the set."""
    import numpy as np

    drawn = [one for one in states if len(one.over.values)][:MOST_PANELS]
    first = [one.over.values for one in drawn if one.row.untouched]
    edges = _edges(first, [one.over.values for one in drawn if not one.row.untouched])
    rows: list[list[Cell]] = []
    outside = 0
    for one in drawn:
        known = [one.name, one.row.potential, one.row.state, one.series]
        counts, _ = np.histogram(one.over.values, edges)
        outside += len(one.over.values) - int(counts.sum())
        bars = zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
        rows += [[*known, "bar", low, high, number] for low, high, number in bars]
        rows.append([*known, "mean", one.over.mean.value, None, None])
        if one.over.mean.interval:
            rows.append([*known, "interval", *one.over.mean.interval, None])
    columns = (
        *map(Column, ("panel", "potential", "state", "series", "kind")),
        *map(Column, ("from", "to")),
        Column("materials", description="In this bar."),
    )
    caption = f"Distribution over materials: {said} Line: mean; dashed: 1, where a potential is not soft."
    caption += f" {outside} lie outside the figure; the table has them." if outside else ""
    caption += f" The first {MOST_PANELS} states." if len(states) > MOST_PANELS else ""
    spec = _histograms([one.name for one in drawn], what, (float(edges[0]), float(edges[-1])))
    means = "; ".join(f"{one.name}: mean {one.over.mean.value:.3f}" for one in drawn if one.over.mean.value is not None)
    text = f"Histograms of the {what} over materials. {means}."
    return Figure(BINS, caption, text, spec), Table(BINS, "Bars of the distribution", columns, rows, shown=False)


def _edges(untouched: Sequence[np.ndarray], tuned: Sequence[np.ndarray]) -> np.ndarray:
    """Of bars that all states share, of a width of 1, 2 or 5 times a power of ten, around all but exploded values.

    They cover 1 and the untouched potentials; of others what is no farther from these than they reach themselves.
    """
    import numpy as np

    ends = [1.0, *(end for values in untouched for end in _near(values))]
    low, high = min(ends), max(ends)
    room = max(high - low, ROOM)
    further = [end for values in tuned for end in _near(values) if low - room <= end <= high + room]
    low, high = min([low, *further]), max([high, *further])
    rough = max(high - low, 1e-3) / BARS
    power = 10.0 ** math.floor(math.log10(rough))
    width = next(power * step for step in (1, 2, 5, 10) if power * step >= rough * 0.999)
    first, last = math.floor(low / width), math.floor(high / width) + 1
    return np.arange(first, last + 1) * width


def _near(values: np.ndarray) -> tuple[float, float]:
    """The ends of all but exploded values."""
    import numpy as np

    from whet.bias.standing_out import SIGMA

    median = float(np.median(values))
    far = max(FAR * SIGMA * float(np.median(np.abs(values - median))), LEAST)
    near = values[np.abs(values - median) <= far]
    return float(near.min()), float(near.max())


def _histograms(panels: Sequence[str], what: str, ends: tuple[float, float]) -> dict[str, Any]:
    x: dict[str, Any] = {"type": "quantitative", "title": what}
    x["scale"] = {"domain": list(ends), "nice": False, "zero": False}

    def layer(kind: str, mark: dict[str, Any], **encoding: Any) -> dict[str, Any]:
        filtered = {"transform": [{"filter": f"datum.kind == '{kind}'"}], "mark": {"clip": True, **mark}}
        return {**filtered, "encoding": {"x": {"field": "from", **x}, **encoding}}

    color = {"field": "series", "type": "nominal", "legend": None}
    y = {"field": "materials", "type": "quantitative", "title": "materials", "axis": {"tickCount": 3}}
    bars = layer("bar", {"type": "bar", "opacity": 0.75, "binSpacing": 1}, x2={"field": "to"}, y=y, color=color)
    bars["encoding"]["x"] = {**bars["encoding"]["x"], "bin": "binned"}
    bars["encoding"]["tooltip"] = [{"field": name} for name in ("state", "from", "to", "materials")]
    one = layer("mean", {"type": "rule", "strokeDash": [4, 4], "strokeWidth": 1})
    one["encoding"]["x"] = {"datum": 1, **x}
    tooltip = [{"field": "from", "type": "quantitative", "title": "mean over materials", "format": ".3f"}]
    mean = layer("mean", {"type": "rule", "strokeWidth": 2}, tooltip=tooltip)
    return {
        "data": {"name": BINS},
        "facet": {"field": "panel", "type": "nominal", "title": None, "sort": list(panels)},
        "columns": 1,
        "spacing": 14,
        "resolve": {"scale": {"y": "independent"}},
        "spec": {"width": 420, "height": 70, "layer": [bars, one, mean]},
    }


def scale_and_probes(table: Table, what: str, on: str) -> Iterator[Figure]:
    """The slope of each material beside the curvature that a probe says; nothing where no probe measures one."""
    curved = sum(row["curvature of the quantity"] is not None for row in table.records())
    if not curved or curved > MOST_POINTS:
        return
    axis = {"type": "quantitative", "scale": {"zero": False}}
    words = f"{what} (forces)"
    point = {
        "transform": [{"filter": "isValid(datum['curvature of the quantity'])"}],
        "mark": {"type": "point", "filled": True},
        "encoding": {
            "x": {"field": "value", "title": words, **axis},
            "y": {"field": "curvature of the quantity", "title": "curvature ratio (probe)", **axis},
            "color": {"field": "series", "type": "nominal", "title": None},
            "tooltip": [{"field": name} for name in ("material", "state", "quantity", "value", "ratio")],
        },
    }
    line = {
        "transform": [{"filter": "isValid(datum['curvature of the quantity'])"}],
        "mark": {"type": "line", "strokeDash": [4, 4], "strokeWidth": 1},
        "encoding": {"x": {"field": "value", **axis}, "y": {"field": "value", **axis}},
    }
    panel = {"width": 200, "height": 200, "layer": [line, point]}
    facet = {"field": "quantity", "type": "nominal", "title": None}
    spec = {"data": {"name": table.name}, "facet": facet, "columns": 3, "spec": panel}
    caption = f"Each material of “{on}”: the {what} beside what a probe says about the curvature. Dashed: equal."
    yield Figure("probes", caption, caption, spec)
