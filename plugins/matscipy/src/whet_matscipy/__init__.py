"""Stacking faults that matscipy computes. Importing this module imports neither matscipy nor ASE."""

from __future__ import annotations

from whet import Probe, hookimpl
from whet_matscipy.stacking_fault import StackingFault

whet_api = {"probes": 1}


@hookimpl
def probes() -> list[type[Probe]]:
    return [StackingFault]
