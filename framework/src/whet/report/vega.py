"""Vega: specifications drawn here and now, without a browser, a network or another process."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from typing import Any

from whet.data.durable import write_text
from whet.data.errors import StoreError
from whet.data.packed_text import PackedText
from whet.data.user_folders import user_cache
from whet.report.point_clouds import compacted

PAIR = re.compile(r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")
"""A character beyond U+FFFF, as JSON escapes it."""

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
VERSION = "6.4"
"""Of Vega-Lite."""

PLACES = re.compile(r' (?:d|transform)="[^"]*"')
DIGITS = re.compile(r"(\.\d\d)\d+(?![\de])")

SETS = "window.vegaEmbed="
"""Begins what the bundle ends with."""


def compiled(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The Vega specification of one of Vega-Lite, with its data inside. ValueError, in a line, where it is none."""
    import vl_convert

    return _asked(lambda text: vl_convert.vegalite_to_vega(text, vl_version=VERSION), spec)


def drawn(spec: Mapping[str, Any]) -> str:
    """The SVG of a Vega specification. ValueError, in a line, where it cannot be drawn or wants data from elsewhere."""
    import vl_convert

    svg = _asked(lambda text: vl_convert.vega_to_svg(text, allowed_base_urls=[]), spec)
    # A hundredth of a pixel is enough: clouds of points are half as large.
    return compacted(PLACES.sub(lambda found: DIGITS.sub(r"\1", found[0]), svg))


@cache
def bundle() -> str:
    """Vega as a script that sets `window.vegaEmbed`, packed: 0.4 MB.

    To bundle it takes longer than to draw a page, so the user's cache folder keeps it for this version.
    """
    import vl_convert

    kept = user_cache() / "whet" / f"vega-{version('vl-convert-python')}-{VERSION}.txt"
    with suppress(OSError, ValueError):
        if SETS in unpacked(found := kept.read_text(encoding="ascii"))[-100:]:
            return found
    # Of what the bundle imports, only vega-embed has the default export that it asks for.
    made = packed(vl_convert.javascript_bundle(f"{SETS}vegaEmbed;", vl_version=VERSION))
    with suppress(StoreError):
        write_text(kept, made)
    return made


def packed(text: str) -> str:
    """A text gzipped, in base64: light, and nothing in it ends a script element."""
    return PackedText.of(text).base64


def unpacked(text: str) -> str:
    """What was packed. ValueError or OSError where it is damaged."""
    try:
        return gzip.decompress(base64.b64decode(text, validate=True)).decode()
    except (EOFError, zlib.error) as error:
        raise ValueError(str(error)) from None


def _asked(asked: Callable[[str], Any], spec: Mapping[str, Any]) -> Any:
    text, reason = json.dumps(spec, allow_nan=False), ""
    # Vega cuts words that are too long, within a character beyond U+FFFF too, half of which cannot be measured.
    for tried in dict.fromkeys((text, PAIR.sub(r"\\ufffd", text))):
        try:
            return asked(tried)
        except ValueError as error:
            lines = [line.strip() for line in str(error).splitlines()]
            reason = next((line for line in lines if line and not line.endswith("failed:")), "no reason given")
    raise ValueError(reason.removeprefix("Error: "))
