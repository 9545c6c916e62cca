"""The conformance kit: what every backend must do, as checks that its author runs.

`check_potential("mine")` returns a `Conformance`; `class TestMine(PotentialConformance): given = "mine"` makes a test
of each check; `whet plugins check mine` prints them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whet.testing.check import TIERS, CheckFailed
    from whet.testing.conformance import Conformance, Outcome
    from whet.testing.descriptors import check_descriptor
    from whet.testing.engine_subject import same_trajectory
    from whet.testing.engines import check_engine
    from whet.testing.labelers import check_labeler
    from whet.testing.lennard_jones import LennardJones
    from whet.testing.potentials import check_potential
    from whet.testing.pytest_classes import (
        DescriptorConformance,
        EngineConformance,
        LabelerConformance,
        PotentialConformance,
        StructureConformance,
        TrainingConformance,
    )
    from whet.testing.structure_sources import check_structures

_HOME = {
    "check": ("TIERS", "CheckFailed"),
    "conformance": ("Conformance", "Outcome"),
    "descriptors": ("check_descriptor",),
    "engine_subject": ("same_trajectory",),
    "engines": ("check_engine",),
    "labelers": ("check_labeler",),
    "lennard_jones": ("LennardJones",),
    "potentials": ("check_potential",),
    "pytest_classes": (
        "DescriptorConformance",
        "EngineConformance",
        "LabelerConformance",
        "PotentialConformance",
        "StructureConformance",
        "TrainingConformance",
    ),
    "structure_sources": ("check_structures",),
}
__all__ = [
    "TIERS",
    "CheckFailed",
    "Conformance",
    "DescriptorConformance",
    "EngineConformance",
    "LabelerConformance",
    "LennardJones",
    "Outcome",
    "PotentialConformance",
    "StructureConformance",
    "TrainingConformance",
    "check_descriptor",
    "check_engine",
    "check_labeler",
    "check_potential",
    "check_structures",
    "same_trajectory",
]
_ORIGIN = {name: home for home, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _ORIGIN:
        raise AttributeError(f"module 'whet.testing' has no attribute {name!r}")
    return getattr(import_module(f"whet.testing.{_ORIGIN[name]}"), name)
