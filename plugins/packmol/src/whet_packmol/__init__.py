"""Packed molecular liquids for Whet. Importing this module imports neither ASE nor NumPy."""

from __future__ import annotations

from whet import StructureSource, hookimpl
from whet_packmol.source import PackmolSource

whet_api = {"structures": 1}


@hookimpl
def structures() -> list[type[StructureSource]]:
    return [PackmolSource]
