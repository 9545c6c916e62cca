"""What the framework itself offers, through the same hooks as everybody."""

from __future__ import annotations

from whet.contracts.committee import Committee
from whet.contracts.monitor import Monitor
from whet.contracts.potential import Potential
from whet.contracts.protocol_preset import ProtocolPreset
from whet.dynamics.built_in_monitors import BUILT_IN
from whet.dynamics.presets import WongYang
from whet.plugins.hookspecs import hookimpl

whet_api = {"potentials": 1, "monitors": 1, "protocols": 1}


@hookimpl
def potentials() -> list[type[Potential]]:
    """The committee."""
    return [Committee]


@hookimpl
def monitors() -> list[type[Monitor]]:
    """Absurd forces, runaway temperatures and volumes, broken bonds, evaporation, spread, time."""
    return [*BUILT_IN]


@hookimpl
def protocols() -> list[type[ProtocolPreset]]:
    """Wong & Yang."""
    return [WongYang]
