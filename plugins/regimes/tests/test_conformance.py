"""The conformance kit."""

from __future__ import annotations

from whet.testing import AnalysisConformance


class TestRegimes(AnalysisConformance):
    given = "regimes"
