"""Drawing: a figure as a picture for the page, a file, and a specification that can be taken elsewhere."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whet.contracts.findings import Figure, Table
from whet.report.interaction import interactive
from whet.report.safe_svg import SafeSvg, printable
from whet.report.series import SeriesScales, mapping
from whet.report.theme import CONFIG, SMALL
from whet.report.vega import SCHEMA, compiled, drawn

LEAST = 9.0
"""Pixels below which text in a figure is not made smaller, however narrow the page."""


WIDE = 480.0
"""Pixels past which two figures do not stand side by side on paper."""


@dataclass(frozen=True)
class Drawing:
    """A figure, drawn. name: of its files.

    picture: None where it cannot be drawn; fault says why. spec: with its data and the theme inside; None where it is
    a picture only. vega: what the page's script makes of it.
    """

    name: str
    figure: Figure
    picture: SafeSvg | None
    fault: str = ""
    spec: Mapping[str, Any] | None = None
    vega: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, name: str, figure: Figure, tables: Mapping[str, Table], scales: SeriesScales) -> Drawing:
        """Draws it. tables: that its specification may use, by name."""
        spec = None if figure.spec is None else _whole(scales.applied(figure.spec, tables), tables)
        try:
            vega, svg = (None, figure.svg) if spec is None else _drawn(spec)
            return cls(name, figure, SafeSvg.of(svg, f"figure-{name}", figure.text), spec=spec, vega=vega)
        except ValueError as error:
            return cls(name, figure, None, printable(str(error)), spec)

    @property
    def width(self) -> float:
        """Pixels, as it is drawn; 0 where the picture does not say."""
        found = re.search(r'<svg [^>]*?\bwidth="([\d.]+)(px)?"', self.picture.text if self.picture else "")
        return float(found[1]) if found else 0.0

    @property
    def least_width(self) -> int:
        """Pixels: narrower than that, it scrolls."""
        text = self.picture.text if self.picture else ""
        sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)(?:px)?"', text)]
        smallest = min(filter(None, sizes), default=LEAST)
        return math.ceil(self.width * min(LEAST / smallest, 1)) if sizes else 0

    @property
    def is_wide(self) -> bool:
        """Whether it needs the whole width of a sheet of paper."""
        return self.width > WIDE

    def specification(self) -> str:
        """The specification as a file, for the Vega editor."""
        whole = {"$schema": SCHEMA, **(self.spec or {})}
        return json.dumps(whole, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _drawn(spec: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """What answers the pointer, and its SVG; where that cannot be made of it, what is only seen."""
    try:
        vega = _plain_legends(compiled(interactive(spec)))
        return vega, drawn(vega)
    except ValueError:
        vega = _plain_legends(compiled(spec))
        return vega, drawn(vega)


def _plain_legends(vega: Any) -> Any:
    """Without dashes around the filled points of a legend, which are too small for them."""
    if isinstance(vega, list):
        return [_plain_legends(one) for one in vega]
    if not isinstance(vega, dict):
        return vega
    found = {key: value if key == "data" else _plain_legends(value) for key, value in vega.items()}
    if "fill" in found and "strokeDash" in found and "symbolType" in found:
        del found["strokeDash"]
    return found


def _whole(spec: Mapping[str, Any], tables: Mapping[str, Table]) -> dict[str, Any]:
    """The specification with the theme and the tables that it names, without the columns that it does not."""
    words = json.dumps(spec, ensure_ascii=False)
    needs_all = '"content": "data"' in words
    data = {
        name: [
            {field: value for field, value in record.items() if needs_all or _quoted(field) in words}
            for record in table.records()
        ]
        for name, table in tables.items()
        if json.dumps(name) in words
    }
    plain = _unlinked({key: value for key, value in spec.items() if key != "$schema"})
    return _readable({**plain, "config": _merged(CONFIG, mapping(spec.get("config"))), "datasets": data})


def _quoted(field: str) -> str:
    return json.dumps(field, ensure_ascii=False)[1:-1]


def _unlinked(value: Any) -> Any:
    """A specification without links: a figure leads nowhere, and a link that Vega refuses would cost the figure."""
    if isinstance(value, Mapping):
        return {key: _unlinked(one) for key, one in value.items() if key != "href"}
    return [_unlinked(one) for one in value] if isinstance(value, list) else value


def _readable(value: Any, key: str = "") -> Any:
    """The same with no text too small to read, and nothing that XML cannot hold, which would end the converter."""
    if isinstance(value, str):
        return re.sub("[<>&\"']", "", printable(value)) if key.lower().endswith("font") else printable(value)
    if isinstance(value, Mapping):
        return {printable(name): _readable(one, name) for name, one in value.items()}
    if key.lower().endswith("fontsize") and isinstance(value, int | float):
        return max(value, SMALL)
    return [_readable(one) for one in value] if isinstance(value, list | tuple) else value


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(below)
    for key, value in above.items():
        old = found.get(key)
        found[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return found
