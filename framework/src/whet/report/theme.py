"""Theme of all figures: colors that the color-blind can tell apart, fonts, and what becomes of them in the dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

INK, SOFT, LINE, PAPER = "#22262d", "#5d636e", "#dcdfe5", "#ffffff"

COLORS = ("#6f7580", "#0072b2", "#d55e00", "#00875f", "#b6558f", "#b58900", "#2b9fc9", "#7a4fb3")
"""After Okabe and Ito. Gray comes first, for what others are compared with comes first."""

_DARK_COLORS = ("#9aa1ad", "#4aa8e6", "#f2894a", "#2fc295", "#e08abb", "#dcb43c", "#6cc9ec", "#b193e6")
DARK = dict(
    zip((INK, SOFT, LINE, PAPER, *COLORS), ("#e4e7ec", "#a3aab6", "#363c46", "#14171c", *_DARK_COLORS), strict=True)
)
"""What a color is on a dark page. Style sheets know it: figures are drawn once."""

DASHES = ([1, 0], [6, 3], [2, 2], [9, 3, 2, 3], [4, 2, 1, 2])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")
FONT = "Arial, Helvetica, Liberation Sans, sans-serif"
"""Of a width that is known where figures are drawn, so that all machines draw the same."""

SMALL = 11
_LABELS: Mapping[str, Any] = {
    "labelColor": INK,
    "labelFontSize": SMALL,
    "labelLimit": 220,
    "titleColor": INK,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "titleLimit": 420,
}

CONFIG: Mapping[str, Any] = {
    "aria": False,
    "background": PAPER,
    "font": FONT,
    "padding": 4,
    "tooltipFormat": {"numberFormat": ".4~g"},
    "view": {"continuousWidth": 370, "continuousHeight": 250, "discreteWidth": {"step": 34}, "stroke": None},
    "axis": {**_LABELS, "domainColor": SOFT, "tickColor": SOFT, "gridColor": LINE, "tickSize": 4, "titlePadding": 8},
    "axisX": {"grid": False, "labelOverlap": True},
    "axisY": {"domain": False, "ticks": False, "labelPadding": 6, "tickCount": 6},
    "axisDiscrete": {"grid": False, "domain": True},
    "legend": {
        **_LABELS,
        "orient": "bottom",
        "direction": "horizontal",
        "columns": 3,
        "symbolSize": 70,
        "symbolStrokeWidth": 1.6,
        "symbolOpacity": 1,
        "gradientThickness": 10,
        "titleColor": SOFT,
        "columnPadding": 14,
        "offset": 10,
    },
    "header": {**_LABELS, "titleFontWeight": "bold"},
    "title": {"color": INK, "subtitleColor": SOFT, "fontSize": 13, "anchor": "start", "limit": 620, "offset": 10},
    "text": {"color": INK, "fontSize": SMALL},
    "mark": {"color": COLORS[1]},
    "rule": {"color": SOFT},
    "errorbar": {"ticks": False, "rule": {"strokeWidth": 1.5}},
    "errorband": {"opacity": 0.18},
    "line": {"strokeWidth": 2},
    "point": {"opacity": 0.9, "size": 54, "strokeWidth": 1.6},
    "range": {
        "category": [*COLORS[1:], COLORS[0]],
        "symbol": list(SHAPES),
        "heatmap": {"scheme": "cividis", "extent": [1, 0]},
        "ramp": {"scheme": "cividis", "extent": [1, 0]},
        "diverging": {"scheme": "purpleorange"},
    },
}
"""The `config` of a Vega-Lite specification."""


def color(place: int) -> str:
    """Of the series at a place."""
    return COLORS[place % len(COLORS)]


def dash(place: int) -> Sequence[int]:
    """Of its line."""
    return DASHES[place % len(DASHES)]


def shape(place: int) -> str:
    """Of its points."""
    return SHAPES[place % len(SHAPES)]


def dark_rules() -> str:
    """CSS that turns the colors of a figure into those of a dark page; they count only where it is dark."""
    both = [(of, light, dark) for light, dark in DARK.items() for of in ("fill", "stroke")]
    return "\n".join(f'figure svg [{of}="{light}" i] {{ {of}: {dark}; }}' for of, light, dark in both)
