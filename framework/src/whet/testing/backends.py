"""check_backends: every check of whatever answers to a name, of any kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from whet.data.errors import UnknownName
from whet.plugins.hookspecs import HOOKS
from whet.plugins.registry import registry
from whet.testing.analyses import ANALYSIS_CHECKS, check_analysis
from whet.testing.check import Check, Tier
from whet.testing.conformance import Conformance, Outcome
from whet.testing.descriptors import DESCRIPTOR_CHECKS, check_descriptor
from whet.testing.engines import ENGINE_CHECKS, check_engine
from whet.testing.labelers import LABELER_CHECKS, check_labeler
from whet.testing.potentials import POTENTIAL_CHECKS, check_potential
from whet.testing.structure_sources import STRUCTURE_CHECKS, check_structures

CHECKED: Mapping[str, Callable[..., Conformance]] = {
    "potentials": check_potential,
    "md_engines": check_engine,
    "labelers": check_labeler,
    "descriptors": check_descriptor,
    "analyses": check_analysis,
    "structures": check_structures,
}
"""Hook -> the function that checks what it offers. A fine-tuner is checked with its potential."""

CHECKS: Mapping[str, tuple[Check, ...]] = {
    HOOKS["potentials"]: POTENTIAL_CHECKS,
    HOOKS["md_engines"]: ENGINE_CHECKS,
    HOOKS["labelers"]: LABELER_CHECKS,
    HOOKS["descriptors"]: DESCRIPTOR_CHECKS,
    HOOKS["analyses"]: ANALYSIS_CHECKS,
    HOOKS["structures"]: STRUCTURE_CHECKS,
}
"""What a kind of backend is called -> its checks."""


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
    here = registry()
    kinds = [hook for hook in CHECKED if name in here.names(hook)]
    # Options that belong to one of several backends of the name say which is meant.
    fit = [hook for hook in kinds if set(given) - {"use"} <= set(here.find(hook, name).Options.model_fields)]
    kinds = fit or kinds
    if not kinds:
        for plugin in here.plugins:  # one that is broken says why
            if plugin.name == name and plugin.problem:
                here.find("potentials", name)
        known = {known for hook in CHECKED for known in here.names(hook)}
        raise UnknownName.among("backend that can be checked", name, known)
    done = []
    for hook in kinds:
        began(f"{HOOKS[hook]} {words}")
        own = {"fine_tune": fine_tune} if hook == "potentials" else {}
        done.append(CHECKED[hook](given, tiers=tiers, only=only, seen=seen, **own))
    return done
