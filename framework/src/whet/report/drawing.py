"""Drawing: one look for all figures. Figures are made without pyplot, so nothing global changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from whet.report.arms import Series

COLORS = ("#3f6690", "#c8553d", "#4f8a5b", "#8d6a9f", "#c9922e", "#3d8f9e", "#a44a6b", "#6b705c")
"""Of strategies and potentials, in order; the untouched potential is gray."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", ":", "-.")

GRAY = "#7d828c"
FAINT = "#d9dbe0"
FULL = 7.2
"""Width of a figure that fills the page, inches."""


def canvas(
    columns: int = 1, rows: int = 1, width: float = FULL, height: float = 2.8, **kwargs: Any
) -> tuple[Figure, list[Axes]]:
    """A figure and its axes, one after the other. height: of one row, inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **kwargs)
    every = [one for row in axes for one in row]
    for one in every:
        one.spines[["top", "right"]].set_visible(False)
        one.tick_params(labelsize=8.5)
        one.xaxis.label.set_fontsize(9)
        one.yaxis.label.set_fontsize(9)
    return figure, every


def titled(axes: Axes, text: str) -> None:
    """Gives a panel its title."""
    axes.set_title(plain(text), fontsize=9.5)


@dataclass(frozen=True)
class Window:
    """The part of an axis that is drawn: one exploded prediction must not squeeze all others together."""

    low: float
    high: float

    @classmethod
    def around(cls, anchors: Sequence[float], values: Iterable[float], least: float = 0.0) -> Window:
        """Covers the anchors and every value no farther from them than they are apart (or `least`)."""
        near, far = min(anchors), max(anchors)
        span = max(far - near, least) or 1.0
        kept = [value for value in values if near - span <= value <= far + span] + list(anchors)
        pad = 0.06 * max(max(kept) - min(kept), min(least, 0.1), 1e-9)
        return cls(min(kept) - pad, max(kept) + pad)

    def beyond(self, value: float) -> int:
        """1 above, -1 below, 0 inside."""
        return (value > self.high) - (value < self.low)

    def clipped(self, value: float) -> float:
        """The nearest value inside."""
        return min(max(value, self.low), self.high)


def grid(number: int, across: int = 3) -> tuple[int, int]:
    """Columns and rows for so many panels, without a row of one where it can be helped."""
    rows = -(-number // across)
    return -(-number // rows), rows


def hide(axes: Iterable[Axes]) -> None:
    """Hides panels that are not needed."""
    for one in axes:
        one.set_visible(False)


def legend_below(figure: Figure, axes: Sequence[Axes], columns: int = 3) -> None:
    """One legend for all panels, below them, each label once; none for a single label."""
    found: dict[str, Any] = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            found.setdefault(plain(label), handle)
    if len(found) > 1:
        figure.legend(
            found.values(), found.keys(), loc="outside lower center", ncols=columns, fontsize=8.5, frameon=False
        )


def plain(text: str) -> str:
    """A user's word as a label: without what matplotlib takes for mathematics, and short enough to fit."""
    text = text.replace("$", r"\$")
    return text if len(text) <= 40 else text[:39] + "…"


@dataclass(frozen=True)
class Styles:
    """A color, a marker and a dash for each potential and strategy.

    The color tells potentials apart where there are several, else strategies; the dash and the marker tell the others.
    """

    series: Sequence[Series]

    def color(self, one: Series) -> str:
        """The color; gray for an untouched potential where its color would say nothing."""
        potentials, strategies = self._names(0), self._names(1)
        if len(potentials) > 1:
            return COLORS[potentials.index(one[0]) % len(COLORS)] if one[0] in potentials else GRAY
        return COLORS[strategies.index(one[1]) % len(COLORS)] if one[1] in strategies else GRAY

    def marker(self, one: Series) -> str:
        """The marker."""
        return MARKERS[self._second(one) % len(MARKERS)]

    def dash(self, one: Series) -> str:
        """The style of the line."""
        return DASHES[self._second(one) % len(DASHES)]

    def label(self, one: Series) -> str:
        """What the legend calls it: no more than is needed to tell it apart."""
        words = [one[0]] * (len(self._names(0)) > 1) + [one[1]] * (len(self._names(1)) > 1 or len(self._names(0)) < 2)
        return " ".join(words)

    def _second(self, one: Series) -> int:
        strategies = self._names(1)
        return strategies.index(one[1]) if len(self._names(0)) > 1 and one[1] in strategies else 0

    def _names(self, place: int) -> list[str]:
        return list(dict.fromkeys(one[place] for one in self.series if one[place]))
