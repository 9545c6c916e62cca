"""The conformance kit."""

from __future__ import annotations

from whet.testing import PotentialConformance


class TestNep89(PotentialConformance):
    given = "nep"
