"""Series: one color, dash and shape for each state, the same in all figures of a page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whet.contracts.findings import Figure, Table
from whet.report.states import Look, State, States, variants
from whet.report.theme import INK

FIELDS = ("state", "series", "strategy", "potential")
"""Columns whose words are told apart in the same way on the whole page."""

WORDS = ("nominal", "ordinal")
"""Types of what is told apart, rather than measured."""

COLORED = ("color", "fill", "stroke")

Spec = dict[str, Any]


@dataclass(frozen=True)
class Swatch:
    """A line of the page's key: a word, and how what it names looks."""

    word: str
    look: Look


class SeriesScales:
    """Gives specifications the scales of the page, where they have none of their own."""

    def __init__(
        self, figures: Iterable[tuple[Figure, Mapping[str, Table]]], planned: Iterable[tuple[str, str]] = ()
    ) -> None:
        """figures: of the whole page, each with the tables that it may use, by name. In order of the page.

        planned: potentials and strategies of the study, in its order.
        """
        every = [(figure.spec or {}, tables) for figure, tables in figures]
        self.states = States(planned)
        self._states: dict[Any, State] = {}
        groups: list[list[Any]] = []
        for spec, tables in every:
            for field in self._told_apart(spec, tables):
                words = _values(spec, tables, field)
                for word in words:
                    if word not in self._states:
                        known = self.states.named(str(word), _owners(spec, tables, field, word))
                        self._states[word] = known or State("", str(word))
                groups.append(words)
        self._variants = variants(self._states, groups)
        for word in self._states:
            self.look(word)  # in order of the page, whichever figure is drawn first

    def look(self, word: Any) -> Look:
        """How a word that figures tell states apart by looks."""
        return self.states.look(self._states[word], self._variants[word])

    def key(self) -> list[Swatch]:
        """What the reader needs to know once: a line for each color and dash that figures have in common."""
        found: dict[State, str] = {}
        for word, state in self._states.items():
            name = f"{state.potential} {state.done}".strip()
            found.setdefault(state, name if self.states.named(str(word)) else str(word))
        return [Swatch(name, self.states.look(state)) for state, name in found.items()]

    def applied(self, spec: Mapping[str, Any], tables: Mapping[str, Table]) -> Spec:
        """A copy: words have their colors, lines also their dashes and points their shapes.

        tables: that it may use. What the specification says itself stands.
        """
        done = json.loads(json.dumps(spec), parse_constant=lambda _: None)
        fields = self._told_apart(done, tables)
        order = {word: place for place, word in enumerate(self._states)}
        for unit in _units(done, {}):
            used = {field for _, field in _colored(unit.encoding)}
            for field in (one for one in fields if one in used):
                self._tell_apart(unit, field, sorted(_values(done, tables, field), key=order.__getitem__))
        return done

    def _told_apart(self, spec: Mapping[str, Any], tables: Mapping[str, Table]) -> list[str]:
        """Columns by whose words a specification tells states apart: those of the usual names, and any of states."""
        used = dict.fromkeys(field for unit in _units(spec, {}) for _, field in _colored(unit.encoding))
        usual = [one for one in FIELDS if one in used]
        others = [
            one
            for one in used
            if one not in FIELDS
            and (words := _values(spec, tables, one))
            and all(isinstance(word, str) and self.states.named(word) for word in words)
        ]
        return [*usual, *others]

    def _tell_apart(self, unit: _Unit, field: str, values: Sequence[Any]) -> None:
        (channel, *_) = [channel for channel, of in _colored(unit.encoding) if of == field]
        definition = unit.encoding[channel]
        if "scale" in definition:
            return
        own = unit.spec["encoding"] = {**mapping(unit.spec.get("encoding"))}
        if unit.mark == "text":
            own[channel] = {"value": INK}  # what is to be read has the color of text
            return
        channels = [channel]
        if unit.mark in ("line", "trail") and "strokeDash" not in unit.encoding:
            channels.append("strokeDash")
        if (unit.mark == "point" or unit.has_points) and "shape" not in unit.encoding:
            channels.append("shape")
        looks = [self.look(value) for value in values]
        for one in channels:
            ranges = {"strokeDash": [look.dash for look in looks], "shape": [look.shape for look in looks]}
            found = ranges.get(one) or [look.color for look in looks]
            own[one] = {**definition, "scale": {"domain": list(values), "range": found}}


class _Unit:
    """A view with a mark. encoding: with what it has from the views around it."""

    def __init__(self, spec: Spec, around: Mapping[str, Any]) -> None:
        mark = spec["mark"]
        self.spec, self.encoding = spec, {**around, **mapping(spec.get("encoding"))}
        self.mark = mark.get("type", "") if isinstance(mark, Mapping) else mark
        self.has_points = self.mark in ("line", "trail") and bool(mapping(mark).get("point"))


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


def _owners(spec: Mapping[str, Any], tables: Mapping[str, Table], field: str, word: Any) -> set[str]:
    """The potentials that stand in the rows of a word."""
    named = [tables[name] for name in _named(spec) if name in tables]
    return {
        str(owner)
        for table in named
        if field in table.fields and "potential" in table.fields
        for one, owner in zip(table.column(field), table.column("potential"), strict=True)
        if one == word and owner
    }
