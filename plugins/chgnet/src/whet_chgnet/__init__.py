"""CHGNet for Whet. Importing this module imports neither torch nor chgnet."""

from __future__ import annotations

from whet import FineTuner, Potential, hookimpl
from whet_chgnet.fine_tuning import ChgnetFineTuner
from whet_chgnet.potential import ChgnetPotential

whet_api = {"potentials": 1, "fine_tuners": 1}


@hookimpl
def potentials() -> list[type[Potential]]:
    return [ChgnetPotential]


@hookimpl
def fine_tuners() -> list[type[FineTuner]]:
    return [ChgnetFineTuner]
