"""CP2K's input as nested mappings: section by name, keyword by name; merged, checked and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Sections = Mapping[str, Any]
"""A value that is a mapping is a section, one that is a list of mappings a repeated section; anything else a keyword,
repeated where it is a list. A section's own parameter stands behind its name (`KIND Fe`), or under `_`."""


def merged(base: Sections, given: Sections) -> dict[str, Any]:
    """`base` with the keys of `given`, whose keywords win; names compare without regard to case."""
    made = dict(base)
    names = {name.upper(): name for name in made}
    for key, value in given.items():
        name = names.get(key.upper(), key)
        both = isinstance(value, Mapping) and isinstance(made.get(name), Mapping)
        made[name] = merged(made[name], value) if both else value
    return made


def paths(given: Sections, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every keyword, and of every section that has none, in capitals; without the sections' parameters."""
    for key, value in given.items():
        name = key.split()[0].upper() if key.split() else ""
        inner = value if isinstance(value, list) else [value]
        sections = [one for one in inner if isinstance(one, Mapping)]
        if not sections or any(not one for one in sections):
            yield (*above, name)
        for section in sections:
            yield from paths(section, (*above, name))


def written(given: Sections, indent: str = "") -> str:
    """The input file's text."""
    lines = []
    for name, value in given.items():
        if name == "_":
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping):
                parameter = f" {_word(one['_'])}" if "_" in one else ""
                inside = written(one, indent + "  ")
                lines.append(f"{indent}&{name}{parameter}\n{inside}{indent}&END {name.split()[0]}\n")
            else:
                lines.append(f"{indent}{name} {_word(one)}".rstrip() + "\n")
    return "".join(lines)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "T" if value else "F"
    return repr(value) if isinstance(value, float) else str(value)
