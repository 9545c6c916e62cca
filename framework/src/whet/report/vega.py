"""Vega: specifications drawn here and now, without a browser, a network or another process."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
VERSION = "6.4"
"""Of Vega-Lite, for figures and for the page's script."""


def drawn(spec: Mapping[str, Any]) -> str:
    """The SVG of a Vega-Lite specification with its data inside. ValueError, in a line, where it is none."""
    import vl_convert

    text = json.dumps(spec, ensure_ascii=False, allow_nan=False)
    try:
        return vl_convert.vegalite_to_svg(text, vl_version=VERSION, allowed_base_urls=[])
    except ValueError as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given")
        raise ValueError(reason.removeprefix("Vega-Lite to SVG conversion failed:").strip() or reason) from None


@cache
def bundle() -> str:
    """Vega and Vega-Lite as one script, gzipped, in base64: 0.3 MB."""
    import vl_convert

    script = vl_convert.javascript_bundle("window.vega = vega; window.vegaLite = vegaLite;", vl_version=VERSION)
    return base64.b64encode(gzip.compress(script.encode(), 9, mtime=0)).decode()
