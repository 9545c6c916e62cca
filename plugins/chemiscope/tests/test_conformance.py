"""The conformance kit."""

from __future__ import annotations

from typing import ClassVar

from whet.testing import AnalysisConformance


class TestMap(AnalysisConformance):
    given = "map"


class TestMapOfAtoms(AnalysisConformance):
    given: ClassVar = {"use": "map", "point": "atom", "most_points": 300}
