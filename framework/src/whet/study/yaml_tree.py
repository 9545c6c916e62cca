"""YamlTree: what a YAML text says, as plain values, with the line of every key; refused where it is not plain."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from whet.data.errors import InputError

Keys = tuple[str | int, ...]

MOST_LETTERS = 2_000_000
MOST_NODES = 20_000
"""Keys and values of a document, each as often as an alias repeats it: a short text can stand for billions."""
DEEPEST = 50
"""Mappings and lists inside each other."""

LONG_NUMBER = re.compile(r"[-+]?(0[xob])?[0-9a-fA-F_]{30,}")
PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq")} | {"!"}


@dataclass(frozen=True)
class YamlTree:
    """value: of str, int (64 bits), float (finite), bool, None, lists, and mappings of str. lines: from 1, by place."""

    value: Any
    lines: Mapping[Keys, int]

    @classmethod
    def of(cls, text: str, where: str) -> Self:
        """Reads a text. InputError, with `where` and the line, for what is no YAML, or too much of it.

        No tag makes an object, and nothing is run.
        """
        if len(text) > MOST_LETTERS:
            raise InputError(f"a text of {len(text):,} letters is no list of settings", where=where)
        lines: dict[Keys, int] = {}
        try:
            tree = _loaded(text, where)
            lines.update(_lines(tree))
            return cls(_plain(tree), lines)
        except _NotPlain as fault:
            raise fault.at(where, lines) from None


class _NotPlain(Exception):
    """A value that has no place in a study. keys: how it is reached, from the inside out."""

    def __init__(self, what: str, keys: Keys = ()) -> None:
        super().__init__(what)
        self.what, self.keys = what, keys

    def at(self, where: str, lines: Mapping[Keys, int]) -> InputError:
        above = self.keys
        while above and above not in lines:
            above = above[:-1]
        line = f", line {lines[above]}" if above in lines else ""
        key = f", key {'.'.join(map(str, self.keys))}" if self.keys else ""
        return InputError(self.what, where=f"{where}{line}{key}")


def _loaded(text: str, where: str) -> Any:
    from ruamel.yaml import YAML

    try:
        _check_events(YAML(typ="safe", pure=True).parse(text), where)
        return YAML().load(text)
    except InputError:
        raise
    except Exception as error:  # the parser has faults of its own for texts that are none
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"not valid YAML: {what}", where=f"{where}{line}") from None


def _check_events(events: Iterable[Any], where: str) -> None:
    """InputError where there is too much, before it is built."""
    sizes: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []  # anchor of each mapping or list that is open, and the size before it
    size = 0
    for event in events:
        kind, anchor = type(event).__name__, getattr(event, "anchor", None)
        here = f"{where}, line {event.start_mark.line + 1}"
        tag = getattr(event, "tag", None)
        if tag and str(tag) not in PLAIN_TAGS:
            raise InputError(f"the tag {tag!s:.60} has no meaning here", where=here, hint="Remove it")
        if kind == "AliasEvent":
            if anchor not in sizes:
                raise InputError(f"*{anchor} stands for nothing, or for what it is inside of", where=here)
            size += sizes[anchor]
        elif kind == "ScalarEvent":
            size += 1
            if event.style is None and LONG_NUMBER.fullmatch(event.value) and len(event.value) > 40:
                raise InputError("this number does not fit into 64 bits", where=here)
            if anchor:
                sizes[anchor] = 1
        elif kind.endswith("StartEvent") and kind[0] in "MS" and kind != "StreamStartEvent":
            open_.append((anchor, size))
            size += 1
            if len(open_) > DEEPEST:
                raise InputError(f"it is nested more than {DEEPEST} levels deep", where=here)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            begun, before = open_.pop()
            if begun:
                sizes[begun] = size - before
        if size > MOST_NODES:
            hint = "Names of anchors repeat all that they stand for"
            raise InputError(f"it has more than {MOST_NODES:,} keys and values", where=here, hint=hint)


def _lines(tree: Any, above: Keys = ()) -> Iterable[tuple[Keys, int]]:
    """The line, from 1, of every key and list item below a node of ruamel.yaml."""
    marks: Any = getattr(tree, "lc", None)  # ruamel.yaml's own mappings and lists know their lines
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in entries:
        place = (*above, str(key) if isinstance(tree, dict) else key)
        try:
            line, _ = marks.key(key) if isinstance(tree, dict) else marks.item(key)
        except (KeyError, AttributeError, TypeError):
            pass  # a merged key stands elsewhere
        else:
            yield place, line + 1
        yield from _lines(value, place)


def _plain(node: Any, keys: Keys = ()) -> Any:
    from ruamel.yaml.scalarbool import ScalarBoolean

    if isinstance(node, dict):
        found: dict[str, Any] = {}
        for key, value in node.items():
            if not isinstance(key, str | int | float | date):
                raise _NotPlain("a key is one word", keys)
            name = _text(str(key), keys)
            if name in found:
                raise _NotPlain("the key stands here twice", (*keys, name))
            found[name] = _plain(value, (*keys, name))
        return found
    if isinstance(node, list):
        return [_plain(value, (*keys, place)) for place, value in enumerate(node)]
    if node is None or isinstance(node, bool):
        return node
    if isinstance(node, ScalarBoolean):
        return bool(node)
    if isinstance(node, int):
        if not -(2**63) <= node < 2**63:
            raise _NotPlain("this number does not fit into 64 bits", keys)
        return int(node)
    if isinstance(node, float):
        if not math.isfinite(node):
            raise _NotPlain("this is no finite number", keys)
        return float(node)
    return _text(str(node), keys)  # a date, too: YAML's idea of some words


def _text(text: str, keys: Keys) -> str:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _NotPlain("this text has characters that are none", keys)
    return text
