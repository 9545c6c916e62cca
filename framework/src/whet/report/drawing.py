"""Drawing: one look for all figures. Figures are made without pyplot, so nothing global changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = ("#4c6a92", "#c8553d", "#588157", "#8d6a9f", "#d4a03a", "#3d8f9e", "#a44a6b", "#6b705c")
"""Of strategies and potentials, in order; the untouched potential is gray."""

GRAY = "#8a8f98"


def canvas(
    columns: int = 1, rows: int = 1, width: float = 7.2, height: float = 3.2, **kwargs: Any
) -> tuple[Figure, list[Axes]]:
    """A figure and its axes, one after the other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **kwargs)
    every = [one for row in axes for one in row]
    for one in every:
        one.spines[["top", "right"]].set_visible(False)
        one.tick_params(labelsize=8)
        one.title.set_fontsize(9)
        one.xaxis.label.set_fontsize(9)
        one.yaxis.label.set_fontsize(9)
    return figure, every


def colors(names: Sequence[str]) -> dict[str, str]:
    """A color for each name; the empty name (untouched) is gray."""
    named = [name for name in dict.fromkeys(names) if name]
    return {"": GRAY, **{name: COLORS[place % len(COLORS)] for place, name in enumerate(named)}}
