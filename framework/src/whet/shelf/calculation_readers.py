"""calculation_readers: how outputs of calculations that somebody ran are read, by the names of their files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from whet.data.labels import Failure
from whet.data.recorded import Recorded
from whet.plugins.registry import registry
from whet.shelf.label_sources import Reader

if TYPE_CHECKING:
    from whet.contracts.labeling import Labeler


def calculation_readers() -> dict[str, Reader]:
    """Of every installed labeler the readers of its outputs: file name -> reader. The first to claim a name has it."""
    found: dict[str, Reader] = {}
    for plugin in registry().plugins:
        for offered in plugin.offers.get("labelers", ()):
            reader = _guarded(offered)  # pyright: ignore[reportArgumentType] -- the hook offers labelers only
            for name in offered.outputs:  # pyright: ignore[reportAttributeAccessIssue]
                found.setdefault(name, reader)
    return found


def _guarded(labeler: type[Labeler]) -> Reader:
    def read(output: Path) -> Iterator[Recorded]:
        try:
            yield from labeler.recorded(output)
        except Exception as error:  # a plugin that breaks its promise costs one calculation, not all
            what = f"{labeler.name} cannot read it ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
            yield Recorded(str(output), None, Failure(what))

    return read
