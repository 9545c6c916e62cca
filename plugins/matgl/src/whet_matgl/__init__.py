"""MatGL for Whet. Importing this module imports neither torch nor matgl."""

from __future__ import annotations

from whet import FineTuner, Potential, hookimpl
from whet_matgl.fine_tuning import MatglFineTuner
from whet_matgl.potential import MatglPotential

whet_api = {"potentials": 1, "fine_tuners": 1}


@hookimpl
def potentials() -> list[type[Potential]]:
    return [MatglPotential]


@hookimpl
def fine_tuners() -> list[type[FineTuner]]:
    return [MatglFineTuner]
