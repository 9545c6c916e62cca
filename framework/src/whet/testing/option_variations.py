"""varied: for each option of a component another value that it accepts, made from its type and what it is now."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from whet.contracts.component import Component
from whet.contracts.options import Options
from whet.data.errors import WhetError


def varied(
    options: Options, given: Mapping[str, Any], files: Mapping[str, Path], accepts: typing.Callable[[Options], None]
) -> Iterator[tuple[str, Options | None]]:
    """Each option with options that differ in it alone; None where no other value of it is known.

    One whose other values clash with the present options is left out. given: other values that an author states.
    files: of the component; an option that names some of them counts by their content, and is left out. accepts: raises
    where options cannot be used.
    """
    plain = options.model_dump()
    for name, field in type(options).model_fields.items():
        if _names_files(plain[name], files):
            continue
        candidates = [given[name]] if name in given else list(_others(field.annotation, plain[name]))
        found = next(_valid(options, name, candidates, accepts), None)
        if found is not None or not candidates or name in given:
            yield name, found


def with_changed_file(component: Component, role: str, folder: Path) -> Component:
    """The component with one of its files changed by a line break at its end."""
    from dataclasses import replace

    from whet.contracts.component import FileRef

    source = Path(component.files[role].path)
    copy = folder / f"changed-{role}-{source.name}"
    copy.write_bytes(source.read_bytes() + b"\n")
    return replace(component, files={**component.files, role: FileRef.to(copy)})


def _valid(
    options: Options, name: str, candidates: list[Any], accepts: typing.Callable[[Options], None]
) -> Iterator[Options]:
    for value in candidates:
        try:
            made = type(options).checked({**options.model_dump(), name: value}, of="a labeler")
            accepts(made)
        except WhetError:
            continue
        if getattr(made, name) != getattr(options, name):
            yield made


def _others(annotation: Any, value: Any) -> Iterator[Any]:
    """Other values of a type, near the present one first. Nothing for text and collections: whoever wrote it knows."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        for inner in typing.get_args(annotation):
            yield from _others(inner, value)
        yield None
    elif origin is Literal:
        yield from (other for other in typing.get_args(annotation) if other != value)
    elif origin is typing.Annotated:
        yield from _others(typing.get_args(annotation)[0], value)
    elif annotation is bool:
        yield from (True, False) if value is None else (not value,)
    elif annotation is int:
        start = 0 if value is None else value
        yield from (start + 1, start - 1, 2 * start, start + 10)
    elif annotation is float:
        yield from (1.1 * value, 0.9 * value, value + 0.1) if value else (0.1, 1.0, 10.0)


def _names_files(value: Any, files: Mapping[str, Path]) -> bool:
    """Whether every text in a value is (part of) the path of one of the files."""
    texts = list(_texts(value))
    known = {part for path in files.values() for part in (str(path), *path.parts)} | {f"file:{role}" for role in files}
    return bool(texts) and all(text in known for text in texts)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)
