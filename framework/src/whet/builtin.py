"""What the framework itself offers, through the same hooks as everybody. Nothing imports it: it is an entry point."""

from __future__ import annotations

from types import ModuleType

import whet.analyses
import whet.executors
import whet.probes
import whet.selectors
import whet.sources
import whet.strategies
import whet.tasks
from whet.dynamics.built_in_monitors import BUILT_IN
from whet.dynamics.presets import WongYang
from whet.files.ase_files import AseFile
from whet.files.extxyz_stream import ExtendedXyz
from whet.files.whet_frames import WhetFrames
from whet.plugins.discovery import classes_in
from whet.plugins.hookspecs import hookimpl
from whet.potentials.committee import Committee

whet_api = {
    "potentials": 1,
    "tasks": 1,
    "structures": 1,
    "analyses": 1,
    "probes": 1,
    "selectors": 1,
    "strategies": 1,
    "monitors": 1,
    "protocols": 1,
    "executors": 1,
    "formats": 1,
}


@hookimpl
def potentials() -> list[type]:
    """The committee."""
    return [Committee]


@hookimpl
def tasks() -> list[type]:
    """The core's own kinds of steps."""
    return _every(whet.tasks, "tasks")


@hookimpl
def analyses() -> list[type]:
    """The built-in analyses."""
    return _every(whet.analyses, "analyses")


@hookimpl
def structures() -> list[type]:
    """The built-in sources of starting structures."""
    return _every(whet.sources, "structures")


@hookimpl
def probes() -> list[type]:
    """The built-in probes."""
    return _every(whet.probes, "probes")


@hookimpl
def selectors() -> list[type]:
    """The built-in selectors."""
    return _every(whet.selectors, "selectors")


@hookimpl
def strategies() -> list[type]:
    """The built-in presets of rounds."""
    return _every(whet.strategies, "strategies")


@hookimpl
def monitors() -> list[type]:
    """Absurd forces, runaway temperatures and volumes, broken bonds, evaporation, spread, time."""
    return list(BUILT_IN)


@hookimpl
def executors() -> list[type]:
    """Workers on this machine."""
    return _every(whet.executors, "executors")


@hookimpl
def protocols() -> list[type]:
    """Published protocols."""
    return [WongYang]


@hookimpl
def formats() -> list[type]:
    """Whet's own frames, extended XYZ, and what ASE reads."""
    return [WhetFrames, ExtendedXyz, AseFile]


def _every(room: ModuleType, hook: str) -> list[type]:
    """Every class of a room: a file more there is a backend more."""
    return classes_in(room.__name__, room.__path__, hook=hook)
