"""Quantum ESPRESSO for Whet. Importing this module imports neither ASE nor NumPy."""

from __future__ import annotations

from whet import Labeler, hookimpl
from whet_espresso.labeler import EspressoLabeler

whet_api = {"labelers": 1}


@hookimpl
def labelers() -> list[type[Labeler]]:
    return [EspressoLabeler]
