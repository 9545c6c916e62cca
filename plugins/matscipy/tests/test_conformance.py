"""The conformance kit."""

from __future__ import annotations

from whet.testing import ProbeConformance


class TestStackingFault(ProbeConformance):
    given = "stacking-fault"
