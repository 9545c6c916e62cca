"""Figures of runs as training data see them: outliers and Q through time, and places in the space of the components."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from whet.analyses.parts.outside_tables import SET, TRAINING, TRAJECTORY, held_out_band
from whet.analyses.parts.runs_in_space import RunInSpace, RunsInSpace
from whet.analyses.parts.structure_picture import INK, SOFT
from whet.contracts.findings import Cell, Column, Figure, Table
from whet.data.numbers import count

if TYPE_CHECKING:
    import numpy as np

MOST_PANELS = 6
"""Pairs of training data and a set in the figure of the components."""
MOST_LINES = 4
"""Training data that have a figure of Q through time."""
MOST_BINS = 100
"""Of a line: of more frames neighbors are joined."""

ELEMENT = Column("element", description="Chemical symbol.")


class OutsideFigures:
    """Tables that only figures show, and the figures. x: `time (ps)`, or `frame` where not all frames have times."""

    def __init__(self, runs: RunsInSpace) -> None:
        self.runs = runs
        ends = [float(one.run.times[-1]) if one.run.times is not None else None for one in runs.found]
        known = [end for end in ends if end is not None]
        self.x, self.unit, self.factor = "frame", "", 1.0
        if len(known) == len(ends):
            self.x, (self.unit, self.factor) = "at", ("ps", 1000.0) if max(known) >= 1000 else ("fs", 1.0)
        self.axis = {"field": "at", "type": "quantitative", "title": f"time ({self.unit})" if self.unit else "frame"}
        self.names = list(dict.fromkeys(one.training.name for one in runs.found))

    def tables(self) -> list[Table]:
        """Shares, Q by element, and points."""
        at = Column("at", self.unit, "Time of the middle of the frames that are joined, or its number.")
        shares = (TRAINING, SET, TRAJECTORY, at, Column("share", percent=True, description="Beyond the limits of Q."))
        nulls = tuple(
            Column(f"held out, {which}", percent=True, description="Share of a held-out training trajectory.")
            for which in ("lowest", "highest")
        )
        of_q = (
            *(TRAINING, SET, TRAJECTORY, ELEMENT, at),
            Column("Q", description="Mean of the element's atoms, in the descriptor's unit squared."),
            Column("largest Q", description="Of any of the element's atoms."),
            Column("mean of the data", description="Mean Q of the element in the training data."),
            Column("mean + 2σ", description="The limit of the element."),
            Column("held out, lowest", description="Mean Q of a frame of a held-out training trajectory: lowest."),
            Column("held out, highest", description="The same: highest."),
        )
        points = (
            Column("panel", description="Training data and set."),
            Column("what", description="Of the training data, or of the set."),
            ELEMENT,
            at,
            Column("PC 1", description="First principal component; its unit is the descriptor's."),
            Column("PC 2", description="Second principal component; its unit is the descriptor's."),
        )
        return [
            Table("share-in-time", "Outliers through time", (*shares, *nulls), list(self._shares()), shown=False),
            Table("q-of-elements", "Q by element through time", of_q, list(self._q()), shown=False),
            Table("points-in-time", "Environments in two components", points, list(self._points()), shown=False),
        ]

    def figures(self) -> list[Figure]:
        """Of these tables."""
        drawn = self.names[:MOST_LINES]
        return [self._share_figure(), *(self._q_figure(*one) for one in enumerate(drawn, 1)), self._points_figure()]

    def _shares(self) -> Iterator[list[Cell]]:
        for one in self.runs.found:
            null = [sum(each.flags.element.values()) / max(1, len(each.q)) for each in self._held_out(one)]
            ends: list[Cell] = [min(null), max(null)] if null else [None, None]
            for at, share in self._binned(one, one.by_frame["beyond"], "mean"):
                yield [one.training.name, one.set, one.run.number, at, share, *ends]

    def _q(self) -> Iterator[list[Cell]]:
        for one in self.runs.found:
            if one.training.name not in self.names[:MOST_LINES]:
                continue
            limits = self.runs.spaces[one.training.name].limits
            for symbol, (mean, largest) in one.q_of.items():
                band = held_out_band(self.runs, one.training.name, symbol)
                known = (limits.means.get(symbol), limits.by_element.get(symbol))
                both = zip(self._binned(one, mean, "mean"), self._binned(one, largest, "max"), strict=True)
                for (at, q), (_, most) in both:
                    yield [one.training.name, one.set, one.run.number, symbol, at, q, most, *known, *band]

    def _points(self) -> Iterator[list[Cell]]:
        for training, name, group in list(self.runs.pairs())[:MOST_PANELS]:
            panel = self._panel(training.name, name)
            places, symbols = self.runs.points[training.name]
            for (first, second), symbol in zip(places.tolist(), symbols.tolist(), strict=True):
                yield [panel, "training data", symbol, None, first, second]
            for one in group:
                places, frames, symbols = one.points
                thin = slice(None, None, len(group))
                for (first, second), frame, symbol in zip(
                    places[thin].tolist(), frames[thin].tolist(), symbols[thin].tolist(), strict=True
                ):
                    yield [panel, "set", symbol, self._at(one, frame), first, second]

    def _held_out(self, one: RunInSpace) -> Sequence[Any]:
        return self.runs.spaces[one.training.name].held_out

    def _panel(self, training: str, name: str) -> str:
        return f"{name}, against {training}"

    def _at(self, one: RunInSpace, frame: float) -> float:
        if self.x == "frame" or one.run.times is None:
            return float(frame)
        return float(one.run.times[int(frame)]) / self.factor

    def _binned(self, one: RunInSpace, values: np.ndarray, how: str) -> Iterator[tuple[float, Cell]]:
        """Places and values of at most MOST_BINS bins of neighboring frames."""
        import numpy as np

        for part in np.array_split(np.arange(len(values)), min(len(values), MOST_BINS)):
            known = values[part][np.isfinite(values[part])]
            value = float(known.mean() if how == "mean" else known.max()) if len(known) else None
            yield (self._at(one, part[0]) + self._at(one, part[-1])) / 2, value

    def _share_figure(self) -> Figure:
        y = {"field": "share", "type": "quantitative", "axis": {"format": "%"}, "title": "outliers"}
        line = {"field": "trajectory", "type": "nominal"}
        color = {"field": "set", "type": "nominal", "title": None}
        spec = {
            "data": {"name": "share-in-time"},
            "facet": {"field": "training data", "type": "nominal", "sort": self.names, "title": None},
            "columns": 2,
            "spec": {
                "width": 280,
                "height": 150,
                "layer": [
                    _band("held out, lowest", "held out, highest"),
                    {"mark": "line", "encoding": {"x": self.axis, "y": y, "color": color, "detail": line}},
                ],
            },
        }
        text = (
            "Share of the atoms beyond their element's limit of Q, a line for each trajectory. Shaded: from the lowest "
            "to the highest share of a training trajectory that was held out."
        )
        return Figure("share-in-time", text, text, spec)

    def _q_figure(self, number: int, name: str) -> Figure:
        elements = list(dict.fromkeys(symbol for one in self.runs.found for symbol in one.q_of))
        y = {"field": "Q", "type": "quantitative", "title": "Q"}
        color = {"field": "set", "type": "nominal", "title": None}
        line = {"field": "trajectory", "type": "nominal"}
        largest = {"field": "largest Q", "type": "quantitative"}
        spec = {
            "data": {"name": "q-of-elements"},
            "transform": [{"filter": {"field": "training data", "equal": name}}],
            "facet": {"field": "element", "type": "nominal", "sort": elements, "title": None},
            "columns": 2,
            "resolve": {"scale": {"y": "independent"}},
            "spec": {
                "width": 280,
                "height": 150,
                "layer": [
                    _band("held out, lowest", "held out, highest"),
                    _rule("mean of the data", []),
                    _rule("mean + 2σ", [4, 3]),
                    {
                        "mark": {"type": "line", "opacity": 0.35},
                        "encoding": {"x": self.axis, "y": largest, "color": color, "detail": line},
                    },
                    {"mark": "line", "encoding": {"x": self.axis, "y": y, "color": color, "detail": line}},
                ],
            },
        }
        left = len(self.names) - MOST_LINES
        more = f" {count(left, 'more training set')} not drawn." if left > 0 and number == MOST_LINES else ""
        text = (
            f"Q of each element against {name}: mean of its atoms, and paler the largest of any atom. Black: mean of "
            f"the training data, dashed mean + 2σ; shaded: means of frames of held-out training trajectories.{more}"
        )
        return Figure(f"q-in-time-{number}", text, text, spec)

    def _points_figure(self) -> Figure:
        x, y = ({"field": f"PC {number}", "type": "quantitative", "scale": {"zero": False}} for number in (1, 2))
        place = {"x": x, "y": y}
        middle = [{"op": "median", "field": axis, "as": axis} for axis in ("PC 1", "PC 2")]
        panels = [self._panel(training.name, name) for training, name, _ in self.runs.pairs()]
        time = {**self.axis, "legend": {"title": self.axis["title"]}}
        spec = {
            "data": {"name": "points-in-time"},
            "facet": {"field": "panel", "type": "nominal", "sort": panels[:MOST_PANELS], "title": None},
            "columns": 3,
            "spec": {
                "width": 190,
                "height": 190,
                "layer": [
                    {
                        "transform": [{"filter": {"field": "what", "equal": "training data"}}],
                        "mark": {"type": "circle", "size": 8, "opacity": 0.3, "color": SOFT},
                        "encoding": place,
                    },
                    {
                        "transform": [{"filter": {"field": "what", "equal": "set"}}],
                        "mark": {"type": "circle", "size": 10},
                        "encoding": {**place, "color": time},
                    },
                    {
                        "transform": [{"aggregate": middle, "groupby": ["element"]}],
                        "mark": {"type": "text", "fontWeight": "bold"},
                        "encoding": {**place, "text": {"field": "element", "type": "nominal"}},
                    },
                ],
            },
        }
        left = len(panels) - MOST_PANELS
        more = f" The first {MOST_PANELS} of {len(panels)} pairs." if left > 0 else ""
        text = f"First two principal components of the training data (gray), and sets colored by time.{more}"
        return Figure("points-in-time", text, text, spec)


def _band(low: str, high: str) -> dict[str, Any]:
    """Over the whole width."""
    ends = [{"op": "min", "field": low, "as": "low"}, {"op": "max", "field": high, "as": "high"}]
    return {
        "transform": [{"aggregate": ends}, {"filter": "isValid(datum.low)"}],
        "mark": {"type": "rect", "opacity": 0.15, "color": SOFT},
        "encoding": {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}},
    }


def _rule(field: str, dash: list[int]) -> dict[str, Any]:
    return {
        "transform": [
            {"aggregate": [{"op": "mean", "field": field, "as": "limit"}]},
            {"filter": "isValid(datum.limit)"},
        ],
        "mark": {"type": "rule", "color": INK, "strokeWidth": 1.5, "strokeDash": dash},
        "encoding": {"y": {"field": "limit", "type": "quantitative"}},
    }
