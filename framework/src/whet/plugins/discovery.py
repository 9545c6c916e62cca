"""Discovery: every entry point of the group `whet` is loaded guarded; what is wrong with it is kept as a sentence."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import Distribution, EntryPoint, entry_points
from pkgutil import iter_modules
from typing import Any

import pluggy

from whet.contracts.component import Backend
from whet.data.errors import PluginError, one_line, shortened, suggestion
from whet.plugins.hookspecs import GROUP, KINDS, specifications
from whet.plugins.offers import checked_offers, named


@dataclass(frozen=True)
class FoundPlugin:
    """One entry point: what it offers (hook -> backend classes), or the problem that it has.

    refused: hook -> why nothing is taken from it, where the rest of the plugin can be used.
    """

    name: str
    distribution: str
    version: str
    offers: dict[str, list[type[Backend]]] = field(default_factory=dict)
    problem: str = ""
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """`distribution version`, for messages."""
        return f"{self.distribution} {self.version}".strip()

    def fault(self, hook: str) -> str:
        """Why it offers nothing by this hook; empty where nothing is wrong."""
        return self.problem or self.refused.get(hook, "")


def discover(found: Iterable[EntryPoint] | None = None) -> list[FoundPlugin]:
    """Every installed plugin, in order of name. found: entry points to look at instead of the installed ones."""
    installed = entry_points(group=GROUP) if found is None else found
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(specifications(KINDS.values()))
    loaded = (_silently_loaded(entry, manager) for entry in installed)
    return sorted(loaded, key=lambda plugin: (plugin.name, plugin.distribution))


def _silently_loaded(entry: EntryPoint, manager: pluggy.PluginManager) -> FoundPlugin:
    """The plugin; what it printed is said on the error stream: the output is a command's answer, maybe JSON."""
    with redirect_stdout(io.StringIO()) as printed:
        plugin = _load(entry, manager)
    if said := printed.getvalue().strip():
        who = f"the plugin {plugin.name!r} ({plugin.origin})"
        sys.stderr.write(f"whet: {who} prints when it is imported, which none should: {one_line(shortened(said))}\n")
    return plugin


def _load(entry: EntryPoint, manager: pluggy.PluginManager) -> FoundPlugin:
    distribution, version = _name_and_version(entry.dist) if entry.dist else ("", "")

    def broken(problem: str) -> FoundPlugin:
        return FoundPlugin(entry.name, distribution, version, problem=problem)

    try:
        module = entry.load()
    except (Exception, SystemExit) as error:
        return broken(f"cannot be imported: {_one_line(error)}")
    stated = getattr(module, "whet_api", None)
    if not isinstance(stated, int | Mapping):
        example = '{"potentials": 1}'
        return broken(f"states no version of the hooks that it uses (`whet_api = {example}` in {entry.value})")
    try:
        manager.register(module, name=f"{distribution} {entry.name}")
    except Exception as error:
        return broken(f"its hooks do not fit: {_one_line(error)}")
    marked = [name for name in dir(module) if manager.parse_hookimpl_opts(module, name) is not None]
    if not marked:
        return broken(f"implements no hook. Mark one of {', '.join(KINDS)} with @whet.hookimpl")
    plugin = FoundPlugin(entry.name, distribution, version)
    for hook in marked:
        try:
            written_for = stated if isinstance(stated, int) else stated.get(hook)
            adapt = _adapter(hook, written_for)
            plugin.offers[hook] = checked_offers(getattr(module, hook)(), KINDS[hook], adapt)
        except PluginError as error:
            plugin.refused[hook] = str(error)
        except (Exception, SystemExit) as error:
            plugin.refused[hook] = f"its hook {hook} failed: {_one_line(error)}"
    return plugin


def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    """What `name` and `version` say, for which the parser of mail would be imported and read each page anew."""
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    head = {key: value for key, _, value in (line.partition(": ") for line in text.partition("\n\n")[0].splitlines())}
    return head.get("Name", ""), head.get("Version", "")


def _adapter(hook: str, written_for: Any) -> Callable[[Any], Any]:
    """What makes a class that was written for that version of a kind one of ours. PluginError where nothing does."""
    if hook not in KINDS:
        raise PluginError(f"{hook!r} is no hook. {suggestion(hook, KINDS) or 'Hooks: ' + ', '.join(KINDS)}")
    kind = KINDS[hook]
    if not isinstance(written_for, int):
        raise PluginError(f"states no version of its hook {hook} (`whet_api = {{{hook!r}: {kind.version}}}`)")
    steps = range(written_for, kind.version)
    if written_for > kind.version or not all(step in kind.adapters for step in steps):
        newer = "update whet" if written_for > kind.version else "update the plugin"
        raise PluginError(f"was written for version {written_for} of {hook}; this is version {kind.version}: {newer}")

    def adapt(offered: Any) -> Any:
        for step in steps:
            offered = named(kind.adapters[step])(offered)
        return offered

    return adapt


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")


def classes_in(package: str, path: Iterable[str], *, hook: str) -> list[type[Backend]]:
    """The complete classes of a hook's contract in the modules of a package, in order of the modules' names."""
    contract = named(KINDS[hook].contract)
    found: list[type[Backend]] = []
    for module in sorted(module.name for module in iter_modules(path)):
        home = import_module(f"{package}.{module}")
        own = (part for part in vars(home).values() if isinstance(part, type) and part.__module__ == home.__name__)
        found += [part for part in own if issubclass(part, contract) and isinstance(getattr(part, "name", None), str)]
    return found
