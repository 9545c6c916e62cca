"""Discovery: every entry point of the group `whet` is loaded guarded; what is wrong with it is kept as a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from typing import Any, TypeVar

import pluggy

from whet.contracts.component import Backend
from whet.data.errors import suggestion
from whet.plugins import hookspecs
from whet.plugins.hookspecs import API, CONTRACTS, GROUP, HOOKS

Offered = TypeVar("Offered")


@dataclass(frozen=True)
class FoundPlugin:
    """One entry point: what it offers (hook -> backend classes), or the problem that it has."""

    name: str
    distribution: str
    version: str
    offers: dict[str, list[type[Backend]]] = field(default_factory=dict)
    problem: str = ""

    @property
    def origin(self) -> str:
        """`distribution version`, for messages."""
        return f"{self.distribution} {self.version}".strip()


def discover(found: Iterable[EntryPoint] | None = None) -> list[FoundPlugin]:
    """Every installed plugin, in order of name. found: entry points to look at instead of the installed ones."""
    installed = entry_points(group=GROUP) if found is None else found
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    loaded = (_load(entry, manager) for entry in installed)
    return sorted(loaded, key=lambda plugin: (plugin.name, plugin.distribution))


def _load(entry: EntryPoint, manager: pluggy.PluginManager) -> FoundPlugin:
    distribution, version = (entry.dist.name, entry.dist.version) if entry.dist else ("", "")

    def broken(problem: str) -> FoundPlugin:
        return FoundPlugin(entry.name, distribution, version, problem=problem)

    try:
        module = entry.load()
    except (Exception, SystemExit) as error:
        return broken(f"cannot be imported: {_one_line(error)}")
    wants = getattr(module, "whet_api", None)
    if wants != API:
        stated = "states no hook API version" if wants is None else f"was written for hook API {wants}"
        return broken(f"{stated}; this is {API} (`whet_api = {API}` in {entry.value})")
    try:
        manager.register(module, name=f"{distribution} {entry.name}")
    except Exception as error:
        return broken(f"its hooks do not fit: {_one_line(error)}")
    marked = [name for name in dir(module) if manager.parse_hookimpl_opts(module, name) is not None]
    if unknown := [name for name in marked if name not in HOOKS]:
        return broken(f"{unknown[0]!r} is no hook. {suggestion(unknown[0], HOOKS) or 'Hooks: ' + ', '.join(HOOKS)}")
    if not marked:
        return broken(f"implements no hook. Mark one of {', '.join(HOOKS)} with @whet.hookimpl")
    offers: dict[str, list[type[Backend]]] = {}
    for hook in marked:
        try:
            offers[hook] = [_checked(offered, hook) for offered in getattr(module, hook)()]
        except (Exception, SystemExit) as error:
            return broken(f"its hook {hook} failed: {_one_line(error)}")
    return FoundPlugin(entry.name, distribution, version, offers)


def _checked(offered: Any, hook: str) -> type[Backend]:
    """The class, once it is of the hook's contract and complete. Raises TypeError where it is not."""
    home, _, contract = CONTRACTS[hook].rpartition(".")
    wanted = getattr(import_module(home), contract)
    if not (isinstance(offered, type) and issubclass(offered, wanted)):
        named = offered.__name__ if isinstance(offered, type) else repr(offered)
        raise TypeError(f"{named} is no class derived from whet.{contract}")
    if not isinstance(getattr(offered, "name", None), str):
        raise TypeError(f"class {offered.__name__} has no name")
    if lacking := sorted(getattr(offered, "__abstractmethods__", ())):
        raise TypeError(f"class {offered.__name__} lacks {', '.join(lacking)}")
    return offered


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")


def classes_in(package: str, path: Iterable[str], contract: type[Offered]) -> list[type[Offered]]:
    """The classes derived from a contract in the modules of a room, one a module, in order of the modules' names."""
    found: list[type[Offered]] = []
    for module in sorted(module.name for module in iter_modules(path)):
        parts = vars(import_module(f"{package}.{module}")).values()
        found += [
            part
            for part in parts
            if isinstance(part, type) and issubclass(part, contract) and part.__module__ == f"{package}.{module}"
        ]
    return found
