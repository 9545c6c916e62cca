"""What the framework itself offers, through the same hooks as everybody: every class of its rooms."""

from __future__ import annotations

from importlib import import_module

from whet.plugins.discovery import classes_in
from whet.plugins.hookspecs import hookimpl
from whet.potentials.committee import Committee

whet_api = {
    "potentials": 1,
    "tasks": 1,
    "analyses": 1,
    "selectors": 1,
    "strategies": 1,
    "monitors": 1,
    "protocols": 1,
    "formats": 1,
}


@hookimpl
def potentials() -> list[type]:
    """The committee."""
    return [Committee]


@hookimpl
def tasks() -> list[type]:
    """The core's own kinds of steps."""
    return _room("tasks", "tasks")


@hookimpl
def analyses() -> list[type]:
    """The built-in analyses."""
    return _room("analyses", "analyses")


@hookimpl
def selectors() -> list[type]:
    """The built-in selectors."""
    return _room("selectors", "selectors")


@hookimpl
def strategies() -> list[type]:
    """The built-in presets of rounds."""
    return _room("strategies", "strategies")


@hookimpl
def monitors() -> list[type]:
    """Absurd forces, runaway temperatures and volumes, broken bonds, evaporation, spread, time."""
    return _room("dynamics", "monitors")


@hookimpl
def protocols() -> list[type]:
    """Published protocols."""
    return _room("dynamics", "protocols")


@hookimpl
def formats() -> list[type]:
    """Whet's own frames, extended XYZ, and what ASE reads."""
    return _room("files", "formats")


def _room(name: str, hook: str) -> list[type]:
    room = import_module(f"whet.{name}")  # by name, as any plugin: nothing here depends on what is in a room
    return classes_in(room.__name__, room.__path__, hook=hook)
