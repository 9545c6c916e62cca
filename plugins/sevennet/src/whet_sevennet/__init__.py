"""SevenNet for Whet. Importing this module imports neither torch nor sevenn."""

from __future__ import annotations

from whet import FineTuner, Potential, hookimpl
from whet_sevennet.fine_tuning import SevennetFineTuner
from whet_sevennet.potential import SevennetPotential

whet_api = {"potentials": 1, "fine_tuners": 1}


@hookimpl
def potentials() -> list[type[Potential]]:
    return [SevennetPotential]


@hookimpl
def fine_tuners() -> list[type[FineTuner]]:
    return [SevennetFineTuner]
