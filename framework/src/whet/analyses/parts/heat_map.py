"""heat_map: a matrix of errors as a picture: rows evaluate, columns are what they are evaluated on or trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whet.contracts.findings import Figure
from whet.data.numbers import decimals_for

MOST_NUMBERS = 12
"""Columns up to which cells have their numbers in them."""

STEP = {"x": 72, "y": 32}
"""Pixels of a cell."""


def heat_map(
    name: str,
    table: str,
    caption: str,
    *,
    x: tuple[str, str],
    y: tuple[str, str],
    value: tuple[str, str],
    values: Sequence[float],
    columns: int,
    facet: tuple[str, Sequence[str]] | None = None,
) -> Figure:
    """x, y, value: a column of the table, and what stands beside the axis or the shades. columns: how many there are.

    values: that are drawn. facet: a column each of whose words has a matrix of its own, and the words in order.
    """
    # sort: null keeps the order of the rows, which is that of the study file.
    axes: dict[str, Any] = {
        "x": {"field": x[0], "type": "nominal", "sort": None, "title": x[1], "axis": {"labelAngle": -30}},
        "y": {"field": y[0], "type": "nominal", "sort": None, "title": y[1]},
    }
    field = f"datum[{value[0]!r}]"
    shades = {"field": value[0], "type": "quantitative", "scale": {"domainMin": 0}, "title": value[1]}
    cells = {"mark": {"type": "rect", "tooltip": {"content": "data"}}, "encoding": {**axes, "color": shades}}
    numbers = {
        "transform": [{"filter": f"isValid({field})"}],
        "mark": {"type": "text", "tooltip": {"content": "data"}},
        "encoding": {
            **axes,
            "text": {"field": value[0], "type": "quantitative", "format": f",.{decimals_for(values)}f"},
            # The shades are the same on light and dark pages, and so is what can be read on them.
            "color": {
                "condition": {"test": f"{field} > {0.6 * max(values, default=0.0)!r}", "value": "white"},
                "value": "black",
            },
        },
    }
    layers = [cells, numbers] if columns <= MOST_NUMBERS else [cells]
    panel: dict[str, Any] = {"width": {"step": STEP["x"]}, "height": {"step": STEP["y"]}, "layer": layers}
    spec = {"data": {"name": table}, **panel}
    if facet:
        by = {"field": facet[0], "type": "nominal", "sort": list(facet[1]), "title": None}
        spec = {"data": {"name": table}, "facet": by, "columns": 1 if columns > 4 else 2, "spec": panel}
    return Figure(name, caption, caption + " The table has the numbers.", spec)
