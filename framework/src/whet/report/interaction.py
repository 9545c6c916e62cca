"""Interaction: what a specification gets where scripts run: words at the pointer, and a legend to choose from."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from whet.report.series import COLORED, WORDS, mapping

COMPOSITE = ("errorband", "errorbar", "boxplot")
"""Marks made of several: they cannot hold a choice."""

FAINT = 0.12
"""Opacity of what is not chosen."""


def interactive(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with tooltips, and with a legend that can be clicked where there is one of words.

    Specifications with parameters of their own, and those of several views side by side, only get tooltips.
    """
    done = copy.deepcopy({key: value for key, value in spec.items() if key != "datasets"})
    has_own = "params" in json.dumps(done)
    config = done.setdefault("config", {})
    config["mark"] = {"tooltip": {"content": "encoding"}, **mapping(config.get("mark"))}
    inner = done
    while isinstance(inner.get("spec"), dict) and "repeat" not in inner:
        inner = inner["spec"]
    if not has_own:
        _choose(inner)
    return {**done, "datasets": spec.get("datasets", {})}


def _choose(view: dict[str, Any]) -> None:
    layers = view.get("layer", [view] if "mark" in view else [])
    if not isinstance(layers, list) or not all(isinstance(one, dict) and "mark" in one for one in layers):
        return
    around = mapping(view.get("encoding"))
    for one in layers:
        one["encoding"] = {**mapping(one.get("encoding"))}
    fields = [_words({**around, **one["encoding"]}) for one in layers]
    holders = [one for one, field in zip(layers, fields, strict=True) if field and _kind(one["mark"]) not in COMPOSITE]
    (field, *others) = dict.fromkeys(filter(None, fields)) or [""]
    if others or not holders:
        return
    holders[0]["params"] = [{"name": "chosen", "select": {"type": "point", "fields": [field]}, "bind": "legend"}]
    for one, own in zip(layers, fields, strict=True):
        encoding = one["encoding"]
        if own and "opacity" not in {**around, **encoding} and not _is_faint(one["mark"]):
            encoding["opacity"] = {"condition": {"param": "chosen", "value": 1}, "value": FAINT}


def _words(encoding: Mapping[str, Any]) -> str:
    """The column of words that the color shows; empty where there is none."""
    for channel in COLORED:
        definition = encoding.get(channel)
        if isinstance(definition, Mapping) and definition.get("type", "nominal") in WORDS:
            is_shown = definition.get("legend", {}) is not None
            return str(definition.get("field") or "") if is_shown else ""
    return ""


def _is_faint(mark: Any) -> bool:
    """Whether a mark has an opacity of its own, which another would replace."""
    return _kind(mark) in ("errorband", "area") or (isinstance(mark, Mapping) and "opacity" in mark)


def _kind(mark: Any) -> Any:
    return mark.get("type") if isinstance(mark, Mapping) else mark
