"""Figures of the analysis reactions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whet import Figure, Table
from whet_reactions.energy_lines import PREDICTED, REACTION, REFERENCE

POINT = {"type": "point", "filled": True, "tooltip": {"content": "data"}}


def figures(tables: Sequence[Table]) -> list[Figure]:
    """Of the tables that have rows."""
    filled = {table.name for table in tables if table.rows}
    every = [_rates()]
    if "reactions" in filled:
        every.append(_events())
    if "species-numbers" in filled:
        every.append(_numbers())
    if "reaction-energies" in filled:
        every.append(_energies())
    return every


def _rates() -> Figure:
    bar = {"field": "rate 95 % low", "type": "quantitative", "title": "reactions per ps"}
    y = {"field": "state", "type": "nominal", "sort": None, "title": None}
    color = {"field": "state", "type": "nominal", "legend": None}
    spec = {
        "data": {"name": "reaction-rates"},
        "layer": [
            {"mark": "rule", "encoding": {"x": bar, "x2": {"field": "rate 95 % high"}, "y": y, "color": color}},
            {
                "mark": POINT,
                "encoding": {"x": {"field": "rate", "type": "quantitative"}, "y": y, "color": color},
            },
        ],
    }
    caption = "How often bonds are made and broken; bars are 95 %, from four trajectories on."
    return Figure("reaction-rates", caption, caption + " The table has the numbers.", spec)


def _events() -> Figure:
    spec = {
        "data": {"name": "reactions"},
        "mark": POINT,
        "encoding": {
            "x": {"field": "time", "type": "quantitative", "title": "time (fs)"},
            "y": {"field": "run", "type": "nominal", "sort": None, "title": None},
            "color": {"field": "state", "type": "nominal", "sort": None, "title": None},
        },
    }
    caption = "Reactions through time, each trajectory a line."
    return Figure("reactions", caption, caption + " The table names the species before and after.", spec)


def _numbers() -> Figure:
    spec = {
        "data": {"name": "species-numbers"},
        "facet": {"row": {"field": "run", "type": "nominal", "sort": None, "title": None}},
        "spec": {
            "width": 480,
            "height": 110,
            "mark": {"type": "line", "interpolate": "step-after", "tooltip": {"content": "data"}},
            "encoding": {
                "x": {"field": "time", "type": "quantitative", "title": "time (ps)"},
                "y": {"field": "number", "type": "quantitative", "title": "number", "axis": {"tickMinStep": 1}},
                "color": {"field": "species", "type": "nominal", "title": None},
            },
        },
    }
    caption = "How many there are of the species that react, in the first trajectories with a reaction."
    return Figure("species-numbers", caption, caption + " The table of species has means.", spec)


def _energies() -> Figure:
    x = {"field": "time", "type": "quantitative", "title": "time (ps)"}
    energy = {"field": "energy", "type": "quantitative", "title": "energy (meV/atom)"}
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "rule", "strokeDash": [4, 3]}, "encoding": {"x": x}, "transform": [_only(REACTION)]},
        {"mark": {"type": "line"}, "encoding": {"x": x, "y": energy}, "transform": [_only(PREDICTED)]},
        {
            "mark": {"type": "point", "tooltip": {"content": "data"}},
            "encoding": {"x": x, "y": energy},
            "transform": [_only(REFERENCE)],
        },
    ]
    spec = {
        "data": {"name": "reaction-energies"},
        "facet": {"row": {"field": "run", "type": "nominal", "sort": None, "title": None}},
        "spec": {"width": 480, "height": 110, "layer": layers},
    }
    caption = (
        "Energy along trajectories with reactions: as the driver predicts it (line) and as the reference labels it "
        "(circles), each less its mean; dashed lines are reactions."
    )
    return Figure("reaction-energies", caption, caption + " The table of reactions has their times.", spec)


def _only(what: str) -> dict[str, Any]:
    return {"filter": {"field": "what", "equal": what}}
