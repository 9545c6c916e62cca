"""checked_offers: what a hook hands over, once it is a list of complete classes of the hook's contract."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from inspect import isgenerator
from typing import Any

from whet.contracts.component import Backend
from whet.contracts.options import Options
from whet.data.errors import PluginError
from whet.plugins.hookspecs import Kind

NAME = re.compile(r"[a-z0-9]+([._-]+[a-z0-9]+)*")
"""A name that a study file and a command line can say; `NAME:MODEL` is a name and a model."""


def named(path: str) -> Any:
    """What `module.name` names in the table of kinds, imported now."""
    home, _, name = path.rpartition(".")
    return getattr(import_module(home), name)


def checked_offers(returned: Any, kind: Kind, adapt: Callable[[Any], Any]) -> list[type[Backend]]:
    """The classes that a hook returned, made ones of today's contract by `adapt`.

    Raises PluginError, which names the hook and says what to do, where they are anything else.
    """
    if not isinstance(returned, list | tuple):
        what = f"returns {_said(returned)} from its hook {kind.hook} instead of a list"
        raise PluginError(f"{what}: {_way_out(returned)}")
    return [_checked(adapt(offered), kind) for offered in returned]


def _said(returned: Any) -> str:
    if returned is None:
        return "nothing"
    if isinstance(returned, type):
        return f"the class {returned.__name__}"
    return "a generator" if isgenerator(returned) else f"an instance of {type(returned).__name__}"


def _way_out(returned: Any) -> str:
    if isinstance(returned, type):
        return f"`return [{returned.__name__}]`"
    if returned is None or isgenerator(returned):
        return "`return [MyClass]`, or `return []` for none"
    return f"`return [{type(returned).__name__}]`, the class, of which Whet makes the instances"


def _checked(offered: Any, kind: Kind) -> type[Backend]:
    contract = named(kind.contract)
    hook = f"offers by its hook {kind.hook}"
    if isinstance(offered, Backend):
        made = type(offered).__name__
        raise PluginError(f"{hook} an instance of {made}; list the class: `return [{made}]`")
    if not (isinstance(offered, type) and issubclass(offered, contract)):
        what = offered.__name__ if isinstance(offered, type) else repr(offered)
        raise PluginError(f"{hook} what it cannot: {what} is no class derived from whet.{contract.__name__}")
    name = getattr(offered, "name", None)
    if not isinstance(name, str):
        raise PluginError(f'{hook} a class without a name: class {offered.__name__} has no name (`name = "mine"`)')
    # People see the name of a format, and do not write it.
    if kind.hook != "formats" and not NAME.fullmatch(name):
        near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "mine"
        what = f"{hook} a class whose name {name!r:.80} cannot be written in a study file"
        raise PluginError(f"{what}: lower-case letters and digits, joined by - _ or . ({near!r})")
    if lacking := sorted(getattr(offered, "__abstractmethods__", ())):
        raise PluginError(f"{hook} an incomplete class: class {offered.__name__} lacks {', '.join(lacking)}")
    options = getattr(offered, "Options", Options)  # a format has none
    if not (isinstance(options, type) and issubclass(options, Options)):
        what = options.__name__ if isinstance(options, type) else repr(options)
        whose = f"{hook} the class {offered.__name__}, whose options {what} are not Whet's"
        raise PluginError(f"{whose}: `class MyOptions(whet.Options)`")
    return offered
