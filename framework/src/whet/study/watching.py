"""watching: which monitors of an engine have anything to look at in runs of one driver."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from whet.contracts.component import Component
from whet.data.errors import WhetError
from whet.plugins.registry import registry


def extras_of(potential: Component) -> frozenset[str] | None:
    """Names of the extra labels that a potential, or one inside it, gives; None where its plugin is not here."""
    try:
        own = registry().find(potential.hook, potential.name).extras
    except WhetError:
        return None
    inner = [extras_of(part) for part in potential.parts.values() if part.hook == potential.hook]
    return None if None in inner else own.union(*filter(None, inner))


def blind_monitors(engine: Component, given: Collection[str]) -> list[str]:
    """Names of the engine's monitors that look at an extra label which is not among the given ones."""
    options = engine.options.get("monitors")
    names = [name for name, value in options.items() if value is not None] if isinstance(options, dict) else []
    names += [part.name for part in engine.parts.values() if part.hook == "monitors"]
    found = []
    for name in names:
        try:
            needs = registry().find("monitors", name).needs
        except WhetError:  # it is installed where the engine runs, and says so there
            continue
        if not needs.issubset(given):
            found.append(name)
    return found


def without_monitors(engine: Component, names: Collection[str]) -> Component:
    """The engine without these monitors."""
    options = engine.options.get("monitors")
    kept = {name: value for name, value in options.items() if name not in names} if isinstance(options, dict) else {}
    parts = {role: part for role, part in engine.parts.items() if part.hook != "monitors" or part.name not in names}
    return replace(engine, options={**engine.options, "monitors": kept}, parts=parts)
