"""Neuroevolution potentials for Whet. Importing this module imports neither calorine nor numpy."""

from __future__ import annotations

from whet import Potential, hookimpl
from whet_nep.potential import NepPotential

whet_api = {"potentials": 1}


@hookimpl
def potentials() -> list[type[Potential]]:
    return [NepPotential]
