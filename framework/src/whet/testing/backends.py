"""check_backends: every check of whatever answers to a name, of any kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from inspect import signature
from typing import Any

from whet.data.errors import UnknownName
from whet.plugins.hookspecs import KINDS
from whet.plugins.offers import named
from whet.plugins.registry import registry
from whet.testing.check import Tier
from whet.testing.conformance import Conformance, Kit, Outcome


def kits() -> dict[str, Kit]:
    """Hook -> the checks of what it offers, where the kind has any. A fine-tuner is checked with its potential."""
    return {hook: named(kind.kit) for hook, kind in KINDS.items() if kind.kit}


def check_backends(
    given: Mapping[str, Any],
    *,
    tiers: Collection[Tier],
    only: Collection[str] = (),
    fine_tune: Mapping[str, Any] | None = None,
    began: Callable[[str], None] = lambda subject: None,
    seen: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Conformance]:
    """Checks every backend of a name, one of each kind that there is.

    given: as in a study file: `use:` (`NAME`, or `NAME:MODEL`) and options. began: told what is checked next. Raises
    UnknownName where nothing that can be checked has the name, and what `check_potential` raises.
    """
    words = str(given["use"])
    name = words.partition(":")[0]
    here, checked = registry(), kits()
    kinds = [hook for hook in checked if here.knows(hook, name)]
    # Options that belong to one of several backends of the name say which is meant.
    fit = [hook for hook in kinds if set(given) - {"use"} <= set(here.find(hook, name).Options.model_fields)]
    kinds = fit or kinds
    if not kinds:
        for plugin in here.plugins:  # one that is broken says why
            if plugin.name == name and plugin.problem:
                here.find(next(iter(checked)), name)
        known = {known for hook in checked for known in here.names(hook)}
        raise UnknownName.among("backend that can be checked", name, known)
    asked = _asked({hook: checked[hook] for hook in kinds}, tiers, only)
    done = []
    for hook, mine in asked.items():
        began(f"{KINDS[hook].noun} {words}")
        check = checked[hook].check
        own = {"fine_tune": fine_tune} if "fine_tune" in signature(check).parameters else {}
        done.append(check(given, tiers=tiers, only=mine, seen=seen, **own))
    return done


def _asked(kits: Mapping[str, Kit], tiers: Collection[Tier], only: Collection[str]) -> dict[str, Collection[str]]:
    """The names that each kind is asked for, of the kinds that know one of them, or a check of these tiers.

    What no kind knows is asked of all, which say so.
    """
    known = {hook: {one.name for one in kit.checks if one.tier in tiers} for hook, kit in kits.items()}
    if not set(only) <= set().union(*known.values()):
        return dict.fromkeys(kits, only)
    mine: dict[str, Collection[str]] = {hook: [name for name in only if name in names] for hook, names in known.items()}
    return {hook: mine[hook] for hook, names in known.items() if (mine[hook] if only else names)} or mine
