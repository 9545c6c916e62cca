"""unknown_fields: what a Vega-Lite specification encodes and no table has: Vega then draws nothing, without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from whet.contracts.findings import Findings

VIEWS = ("layer", "concat", "hconcat", "vconcat", "spec")
"""Keys under which a view has others, which inherit its data."""

MADE = {"fold": ("key", "value"), "density": ("value", "density"), "quantile": ("prob", "value")}
"""Fields that a transform makes where it is not told their names with `as`."""


def unknown_fields(spec: Mapping[str, Any], findings: Findings) -> list[str]:
    """A sentence for each field that is neither in the table of its view nor made by a transform."""
    tables = {table.name: set(table.fields) for table in findings.tables}
    return list(dict.fromkeys(_unknown(spec, tables, set(), "")))


def _unknown(view: Mapping[str, Any], tables: Mapping[str, set[str]], known: set[str], of: str) -> Iterator[str]:
    data = view.get("data")
    if isinstance(data, Mapping) and data.get("name") in tables:
        of = str(data["name"])
        known = tables[of]
    transforms = view.get("transform", ())
    if any("pivot" in one for one in transforms):  # its fields are named by the rows
        return
    known = known.union(*(_made(one, tables) for one in transforms))
    own = {key: value for key, value in view.items() if key not in (*VIEWS, "params", "data")}
    for field in _fields(own):
        plain = re.sub(r"\\(.)", r"\1", field)
        if plain not in known:
            yield f"no column {plain!r} is in the table {of!r}" if of else f"{plain!r} is drawn without a table"
        elif re.search(r"(?<!\\)[.\[]", field):
            escaped = re.sub(r"([.\[\]])", r"\\\1", plain)
            yield f"in {field!r} a dot or bracket reads as a part of something: write {escaped!r}"
    for key in VIEWS:
        inner = view.get(key, ())
        for one in [inner] if isinstance(inner, Mapping) else inner:
            yield from _unknown(one, tables, known, of)


def _made(transform: Mapping[str, Any], tables: Mapping[str, set[str]]) -> set[str]:
    """Fields that a transform adds."""
    found = {word for key, words in MADE.items() if key in transform for word in words}
    for part in _mappings(transform):
        names = part.get("as", ())
        found.update([names] if isinstance(names, str) else names)
    source = transform.get("from", {})
    if isinstance(source, Mapping) and isinstance(source.get("data"), Mapping):
        found |= set(source.get("fields", ())) | tables.get(source["data"].get("name"), set())
    return found


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _mappings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _mappings(inner)


def _fields(view: Mapping[str, Any]) -> Iterator[str]:
    """Every `field` of a view's own parts; `groupby` as well."""
    for part in _mappings(view):
        if isinstance(part.get("field"), str):
            yield part["field"]
        groups = part.get("groupby", ())
        yield from [groups] if isinstance(groups, str) else groups
