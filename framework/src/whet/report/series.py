"""Series: one color, dash and shape for each state, the same in all figures of a page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from whet.contracts.findings import Figure, Table
from whet.report.theme import color, dash, shape

FIELDS = ("state", "series", "strategy", "potential")
"""Columns whose words are told apart in the same way on the whole page."""

WORDS = ("nominal", "ordinal")
"""Types of what is told apart, rather than measured."""

COLORED = ("color", "fill", "stroke")
_LOOKS = {**dict.fromkeys(COLORED, color), "strokeDash": dash, "shape": shape}

Spec = dict[str, Any]


class SeriesScales:
    """Gives specifications the scales of the page, where they have none of their own."""

    def __init__(self, figures: Iterable[tuple[Figure, Mapping[str, Table]]]) -> None:
        """figures: of the whole page, each with the tables that it may use, by name. In order of the page."""
        self._order: dict[Any, int] = {}
        for figure, tables in figures:
            used = {field for unit in _units(figure.spec or {}, {}) for _, field in _colored(unit.encoding)}
            for field in (one for one in FIELDS if one in used):
                for value in _values(figure.spec or {}, tables, field):
                    self._order.setdefault(value, len(self._order))

    def applied(self, spec: Mapping[str, Any], tables: Mapping[str, Table]) -> Spec:
        """A copy: words have their colors, lines also their dashes and points their shapes.

        tables: that it may use. What the specification says itself stands.
        """
        done = json.loads(json.dumps(spec), parse_constant=lambda _: None)
        for unit in _units(done, {}):
            used = {field for _, field in _colored(unit.encoding)}
            for field in (one for one in FIELDS if one in used):
                self._tell_apart(unit, field, sorted(_values(done, tables, field), key=self._order.__getitem__))
        return done

    def _tell_apart(self, unit: _Unit, field: str, values: Sequence[Any]) -> None:
        (channel, *_) = [channel for channel, of in _colored(unit.encoding) if of == field]
        definition = unit.encoding[channel]
        if "scale" in definition:
            return
        own = unit.spec["encoding"] = {**mapping(unit.spec.get("encoding"))}
        channels = [channel]
        if unit.mark in ("line", "trail") and "strokeDash" not in unit.encoding:
            channels.append("strokeDash")
        if unit.mark == "point" and "shape" not in unit.encoding:
            channels.append("shape")
        for one in channels:
            found = [_LOOKS[one](self._order[value]) for value in values]
            own[one] = {**definition, "scale": {"domain": list(values), "range": found}}


class _Unit:
    """A view with a mark. encoding: with what it has from the views around it."""

    def __init__(self, spec: Spec, around: Mapping[str, Any]) -> None:
        mark = spec["mark"]
        self.spec, self.encoding = spec, {**around, **mapping(spec.get("encoding"))}
        self.mark = mark.get("type", "") if isinstance(mark, Mapping) else mark


def mapping(value: Any) -> Mapping[str, Any]:
    """What it is; nothing where it is no mapping: a specification may be anything."""
    return value if isinstance(value, Mapping) else {}


def _units(spec: Any, around: Mapping[str, Any]) -> Iterator[_Unit]:
    if not isinstance(spec, dict):
        return
    if "mark" in spec:
        yield _Unit(spec, around)
        return
    around = {**around, **mapping(spec.get("encoding"))}
    for one in (spec.get(key) for key in ("spec", "layer", "hconcat", "vconcat", "concat")):
        for inner in one if isinstance(one, list | tuple) else [one]:
            yield from _units(inner, around)


def _colored(encoding: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Channels of color that show a column of words: (channel, column)."""
    found = [(channel, encoding[channel]) for channel in COLORED if isinstance(encoding.get(channel), Mapping)]
    return [
        (channel, definition["field"])
        for channel, definition in found
        if isinstance(definition.get("field"), str) and definition.get("type", "nominal") in WORDS
    ]


def _values(spec: Mapping[str, Any], tables: Mapping[str, Table], field: str) -> list[Any]:
    """What a column holds in the tables of a specification, each once, in order."""
    named = [tables[name] for name in _named(spec) if name in tables]
    columns = [table.column(field) for table in named if field in table.fields]
    return list(dict.fromkeys(value for column in columns for value in column if value is not None))


def _named(spec: Any) -> Iterator[str]:
    """Names of all data in a specification."""
    if isinstance(spec, Mapping):
        for key, value in spec.items():
            if key == "data" and isinstance(value, Mapping):
                yield str(value.get("name"))
            else:
                yield from _named(value)
    elif isinstance(spec, list | tuple):
        for value in spec:
            yield from _named(value)
