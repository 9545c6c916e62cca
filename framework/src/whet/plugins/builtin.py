"""What the framework itself offers, through the same hooks as everybody: every class of its rooms."""

from __future__ import annotations

from importlib import import_module

from whet.contracts.committee import Committee
from whet.plugins.discovery import classes_in
from whet.plugins.hookspecs import hookimpl

whet_api = 1


@hookimpl
def potentials() -> list[type]:
    """The committee."""
    return [Committee]


@hookimpl
def tasks() -> list[type]:
    """The core's own kinds of steps."""
    return _room("tasks")


@hookimpl
def analyses() -> list[type]:
    """The built-in analyses."""
    return _room("analyses")


@hookimpl
def selectors() -> list[type]:
    """The built-in selectors."""
    return _room("selectors")


@hookimpl
def strategies() -> list[type]:
    """The built-in presets of rounds."""
    return _room("strategies")


def _room(name: str) -> list[type]:
    room = import_module(f"whet.{name}")  # by name, as any plugin: nothing here depends on what is in a room
    return classes_in(room.__name__, room.__path__, hook=name)
