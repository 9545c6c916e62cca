"""Batched dynamics with torch-sim for Whet. Importing this module imports neither torch nor torch-sim."""

from __future__ import annotations

from whet import MDEngine, hookimpl
from whet_torch_sim.engine import TorchSim

whet_api = {"md_engines": 1}


@hookimpl
def md_engines() -> list[type[MDEngine]]:
    return [TorchSim]
