"""Tables of the map, and the picture that stands for it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from whet import Column, Table
from whet_chemiscope.gathered import MapFrame
from whet_chemiscope.map_points import MapPoints
from whet_chemiscope.space import Space

EACH = 3
"""Extremes of each quantity in the table."""

MOST_COLORS = 5
"""Sets that the picture can tell apart by color."""

PLACE = (
    Column("set", description="Where the frame is."),
    Column("trajectory", description="Of the set, from 1; empty where the set has none."),
    Column("frame", description="Its number in the trajectory or file, from 0."),
    Column("atom", description="Its number in the frame, from 0; empty where points are frames."),
    Column("round", description="The round that gathered it for training; 0 for all other frames."),
)


def sets(groups: Mapping[tuple[str, str], Sequence[MapFrame]], points: MapPoints) -> Table:
    """How many frames each set has, and how many of them are drawn."""
    every = Counter(name for (name, _), group in groups.items() for _ in group)
    labeled = Counter(name for (name, _), group in groups.items() for one in group if one.is_labeled)
    drawn = Counter(one.set for one in points.frames)
    columns = (
        Column("set"),
        Column("frames", description="Each once; those that another set above has, too, are counted there."),
        Column("with labels", description="Of the reference."),
        Column("drawn", description="Frames on the map."),
    )
    rows = [(name, every[name], labeled[name], drawn[name]) for name in sorted(every)]
    return Table("map-sets", "What is on the map", columns, rows, folded=len(rows) > 12)


def extremes(points: MapPoints, space: Space | None) -> Table:
    """The points with the largest residual, and with the largest force error of each state."""
    quantities = [] if space is None else [("Q-residual", "", space.q.tolist(), "")]
    quantities += [(f"force error of {one.name}", one.name, points.force_errors(one), "eV/Å") for one in points.states]
    columns = (
        Column("quantity", description="That is largest there."),
        Column("value", description="eV/Å; of Q-residuals the descriptor's unit squared."),
        *PLACE[:4],
    )
    rows = []
    for name, _, values, _unit in quantities:
        known = [place for place in range(len(points)) if not math.isnan(values[place])]
        for place in sorted(known, key=lambda place: (-values[place], place))[:EACH]:
            rows.append((name, values[place], *_place(points, place)[:4]))
    return Table("map-extremes", "Where residuals and force errors are largest", columns, rows, folded=len(rows) > 12)


def points(found: MapPoints, space: Space | None) -> tuple[list[Column], list[list[Any]]]:
    """Columns and rows of all points; the last three columns are the two axes and the color."""
    if space is None:
        columns = [Column("energy", "eV/atom", "Of the reference."), Column("force", "eV/Å", "Of the reference.")]
        last = Column("number", description="Of the point.")
        values = zip(found.energies, found.forces, range(len(found)), strict=True)
    else:
        columns = [Column(f"PC {place}", description="The unit is the descriptor's.") for place in (1, 2)]
        last = Column("Q-residual", description="The descriptor's unit squared.")
        values = zip(*space.coordinates.T.tolist(), space.q.tolist(), strict=True)
    rows = [[*_place(found, place), *own] for place, own in enumerate(values)]
    return [*PLACE, *columns, last], rows


def table(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Table:
    """The points as the picture takes them."""
    return Table("map-points", "Points of the map", columns, rows, shown=False)


def specification(found: MapPoints, space: Space | None) -> Mapping[str, Any]:
    """The picture, as Vega-Lite: by set where colors tell the sets apart, else by Q-residual."""
    by_set = {"field": "set", "type": "nominal", "title": None}
    by_q = {"field": "Q-residual", "type": "quantitative", "scale": {"type": "sqrt"}}
    few = len({one.set for one in found.frames}) <= MOST_COLORS
    names = ("energy", "force") if space is None else ("PC 1", "PC 2")
    titles = ("energy (eV/atom)", "force (eV/Å)") if space is None else names
    x, y = (
        {"field": name, "type": "quantitative", "title": title, "scale": {"zero": False}}
        for name, title in zip(names, titles, strict=True)
    )
    return {
        "data": {"name": "map-points"},
        "mark": {"type": "circle", "size": 14, "opacity": 0.7},
        "encoding": {"x": x, "y": y, "color": by_set if few or space is None else by_q},
    }


def _place(found: MapPoints, place: int) -> list[Any]:
    frame, atom = found.places[place]
    one = found.frames[frame]
    trajectory = None if one.trajectory is None else one.trajectory + 1
    return [one.set, trajectory, one.number, atom, one.round]
