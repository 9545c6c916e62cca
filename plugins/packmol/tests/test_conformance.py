"""Packmol under the conformance kit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from whet.testing import StructureConformance


class TestPackmol(StructureConformance):
    """A few molecules of water in a box."""

    given: ClassVar[str | Mapping[str, Any]] = {"use": "packmol", "molecules": {"water": 4, "methanol": 1}, "box": 9.0}
