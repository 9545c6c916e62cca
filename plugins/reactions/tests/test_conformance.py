"""The conformance kit."""

from __future__ import annotations

from typing import ClassVar

from whet.testing import AnalysisConformance


class TestReactions(AnalysisConformance):
    given = "reactions"


class TestReactionsThatHappen(AnalysisConformance):
    """Ions of the sample as if they were bonded, so that something happens."""

    given: ClassVar = {"use": "reactions", "forming": 0.85, "breaking": 0.87, "dwell": 0}


class TestCoordination(AnalysisConformance):
    given: ClassVar = {"use": "coordination", "centers": "K", "neighbors": "Cs", "cutoff": 4.0, "margin": 0.02}
