"""Figures of the analysis regimes: errors and Q through time, with their levels."""

from __future__ import annotations

from typing import Any

from whet import Figure


def error_figure() -> Figure:
    """Of the table `regime-points`."""
    y = {"type": "quantitative", "title": "residual (meV/atom)", "scale": {"zero": False}}
    spec = _levels("regime-points", "residual", y, "state", {"detail": {"field": "seed"}})
    caption = "Energy residual (thin) and its level in each regime (thick), in the trajectories that change most."
    return Figure("regimes", caption, caption + " The tables have the times and the errors.", spec)


def q_figure() -> Figure:
    """Of the table `regime-q-points`."""
    y = {"type": "quantitative", "title": "mean Q", "scale": {"type": "log"}}
    spec = _levels("regime-q-points", "mean Q", y, "training data", {})
    caption = "Mean Q (thin) and its level between change points (thick), in the trajectories that change most."
    return Figure("regimes-q", caption, caption + " The tables have the times and the levels.", spec)


def _levels(table: str, field: str, y: dict[str, Any], color: str, rest: dict[str, Any]) -> dict[str, Any]:
    """Lines of a field through time and of its level, a row of panels for each run."""
    x = {"field": "time", "type": "quantitative", "title": "time (ps)"}
    shared = {"x": x, "color": {"field": color, "type": "nominal", "sort": None, "title": None}, **rest}
    thin = {"type": "line", "opacity": 0.55, "strokeWidth": 1, "tooltip": {"content": "data"}}
    lines = [(thin, field), ({"type": "line", "strokeWidth": 3}, "level")]
    layer = [{"mark": mark, "encoding": {**shared, "y": {"field": name, **y}}} for mark, name in lines]
    return {
        "data": {"name": table},
        "facet": {"row": {"field": "run", "type": "nominal", "sort": None, "title": None}},
        "spec": {"width": 480, "height": 130, "layer": layer},
    }
