"""MACE for Whet. Importing this module imports neither torch nor mace."""

from __future__ import annotations

from whet import FineTuner, Potential, hookimpl
from whet_mace.fine_tuning import MaceFineTuner
from whet_mace.potential import MacePotential

whet_api = {"potentials": 1, "fine_tuners": 1}


@hookimpl
def potentials() -> list[type[Potential]]:
    return [MacePotential]


@hookimpl
def fine_tuners() -> list[type[FineTuner]]:
    return [MaceFineTuner]
