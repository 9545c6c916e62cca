"""Pictures: figures as SVG, the same bytes for the same figure, with a text for those who cannot see them."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RASTER_DPI = 200
"""Of the points of scatter plots, which are pixels inside the SVG: thousands of paths would make the page heavy."""


@dataclass(frozen=True)
class Picture:
    """A figure. name: of its SVG file. caption: shown below it. text: what it shows, for a screen reader."""

    name: str
    caption: str
    figure: Figure
    text: str

    def svg(self) -> str:
        """The figure as an SVG element that refers to nothing outside itself."""
        import matplotlib as mpl

        buffer = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        with mpl.rc_context({"svg.hashsalt": self.name, "svg.fonttype": "path"}):
            self.figure.savefig(buffer, format="svg", metadata=nothing, dpi=RASTER_DPI)
        svg = buffer.getvalue()
        svg = svg[svg.index("<svg") :]
        # The figures of one page share their ids' name space.
        svg = re.sub(r'\bid="', f'id="{self.name}-', svg)
        svg = re.sub(r'((?:xlink:)?href="#|url\(#)', rf"\g<1>{self.name}-", svg)
        svg = re.sub(r"\A<svg ", f'<svg role="img" aria-labelledby="{self.name}-title" ', svg)
        title = f'<title id="{self.name}-title">{escape(self.text)}</title>'
        return re.sub(r"\A(<svg [^>]*>)", lambda found: found.group(1) + "\n " + title, svg)
