"""Theme of page and figures: colors that the color-blind can tell apart, fonts, and what the dark makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

INK, SOFT, LINE, PAPER = "#22262d", "#5d636e", "#dcdfe5", "#ffffff"
_DARK_PAGE = ("#e4e7ec", "#a3aab6", "#363c46", "#14171c")

GRAY = "#6f7580"
"""What others are compared with."""

HUES = ("#0051cf", "#ed5c14", "#009a6c", "#5a0068", "#755734", "#b87cc9")
"""Blue, orange, green, purple, brown, lilac.

After Okabe and Ito, moved apart in lightness: with INK and GRAY, any two differ by a CIEDE2000 of 12 or more for those
who see all colors and for those who lack one cone (Machado, Oliveira & Fernandes, 2009), on light pages and dark ones.
"""
_DARK_GRAY, _DARK_HUES = "#9aa1ad", ("#599bff", "#f69545", "#24d298", "#7b57cf", "#a27e4e", "#e2c2ff")

CATEGORIES = ("#8c1d4f", "#d4628f", "#4c0a2b", "#0b7285", "#6b7a00")
"""Of what is no state of a potential, such as elements or kinds of frames: none of them is the color of a state."""
_DARK_CATEGORIES = ("#e86fa0", "#ffc2d9", "#b8487a", "#4fb6c9", "#b4c24a")

DARK: Mapping[str, str] = dict(
    zip(
        (INK, SOFT, LINE, PAPER, GRAY, *HUES, *CATEGORIES),
        (*_DARK_PAGE, _DARK_GRAY, *_DARK_HUES, *_DARK_CATEGORIES),
        strict=True,
    )
)
"""What a color is on a dark page. Style sheets know it: figures are drawn once."""

PAGE = {
    "ink": (INK, _DARK_PAGE[0]),
    "soft": (SOFT, _DARK_PAGE[1]),
    "line": (LINE, _DARK_PAGE[2]),
    "paper": (PAPER, _DARK_PAGE[3]),
    "tint": ("#f5f6f8", "#1c2027"),
    "accent": ("#a63d22", "#f0906f"),
    "link": ("#0b5a94", "#7fbdf0"),
}
"""Variable of the style sheet -> its color on a light page and on a dark one."""

READ = [(text, below) for text in ("ink", "soft", "accent", "link") for below in ("paper", "tint")]
"""Text and what it stands on."""

DASHES = ([1, 0], [6, 3], [2, 2], [9, 3, 2, 3], [4, 2, 1, 2], [12, 3], [9, 2, 2, 2, 2, 2])
OUTLINES = {
    "circle": "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z",
    "square": "M-3.5,-3.5h7v7h-7z",
    "triangle-up": "M0,-4L4.4,3.6H-4.4z",
    "diamond": "M0,-5L3.6,0L0,5L-3.6,0z",
    "cross": "M-1.5,-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
    "triangle-down": "M0,4L4.4,-3.6H-4.4z",
    "triangle-right": "M4,0L-3.6,4.4V-4.4z",
}
"""Shape of a point -> its outline around the origin, for the key of a page."""

SHAPES = tuple(OUTLINES)
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
    "axisX": {"grid": False, "labelOverlap": True, "labelFlush": False},
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
    "mark": {"color": INK},
    "rule": {"color": SOFT},
    "errorbar": {"ticks": False, "rule": {"strokeWidth": 1.5}},
    "errorband": {"opacity": 0.18},
    "line": {"strokeWidth": 2},
    "point": {"opacity": 0.9, "size": 54, "strokeWidth": 1.6},
    "range": {
        "category": list(CATEGORIES),
        "symbol": list(SHAPES),
        "heatmap": {"scheme": "cividis", "extent": [1, 0]},
        "ramp": {"scheme": "cividis", "extent": [1, 0]},
        "diverging": {"scheme": "purpleorange"},
    },
}
"""The `config` of a Vega-Lite specification."""


def variables(dark: bool) -> str:
    """Declarations of CSS: the colors of the page, and those of figures under the names that `figure_rules` gives."""
    page = [f"--{name}: {shades[dark]};" for name, shades in PAGE.items()]
    return " ".join([*page, *(f"--{_name(color)}: {DARK[color] if dark else color};" for color in _of_figures())])


def figure_rules() -> str:
    """CSS by which figures, which are drawn with the colors of a light page, take those of the page they are on."""
    names = {color: name for name, (color, _) in PAGE.items()}
    both = [(of, color) for color in DARK for of in ("fill", "stroke")]
    return "\n".join(
        f'svg [{of}="{color}" i] {{ {of}: var(--{names.get(color) or _name(color)}); }}' for of, color in both
    )


def dash_array(dash: Sequence[int]) -> str:
    """A dash as SVG has it; empty for a full line."""
    return " ".join(map(str, dash)) if dash != DASHES[0] else ""


def _of_figures() -> Sequence[str]:
    return [GRAY, *HUES, *CATEGORIES]


def _name(color: str) -> str:
    return f"c-{color[1:]}"
