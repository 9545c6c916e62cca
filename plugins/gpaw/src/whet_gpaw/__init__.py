"""GPAW for Whet. Importing this module imports neither GPAW nor NumPy."""

from __future__ import annotations

from whet import Labeler, hookimpl
from whet_gpaw.labeler import GpawLabeler

whet_api = {"labelers": 1}


@hookimpl
def labelers() -> list[type[Labeler]]:
    return [GpawLabeler]
