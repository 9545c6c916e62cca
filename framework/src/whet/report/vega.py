"""Vega: specifications drawn here and now, without a browser, a network or another process."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
VERSION = "6.4"
"""Of Vega-Lite."""


def compiled(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The Vega specification of one of Vega-Lite, with its data inside. ValueError, in a line, where it is none."""
    import vl_convert

    return _asked(lambda text: vl_convert.vegalite_to_vega(text, vl_version=VERSION), spec)


def drawn(spec: Mapping[str, Any]) -> str:
    """The SVG of a Vega specification. ValueError, in a line, where it cannot be drawn or wants data from elsewhere."""
    import vl_convert

    return _asked(lambda text: vl_convert.vega_to_svg(text, allowed_base_urls=[]), spec)


@cache
def bundle() -> str:
    """Vega as a script that sets `window.vegaEmbed`, packed: 0.4 MB."""
    import vl_convert

    # Of what the bundle imports, only vega-embed has the default export that it asks for.
    return packed(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VERSION))


def packed(text: str) -> str:
    """A text gzipped, in base64: light, and nothing in it ends a script element."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def _asked(asked: Callable[[str], Any], spec: Mapping[str, Any]) -> Any:
    try:
        return asked(json.dumps(spec, allow_nan=False))
    except ValueError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        reason = next((line for line in lines if line and not line.endswith("failed:")), "no reason given")
        raise ValueError(reason.removeprefix("Error: ")) from None
