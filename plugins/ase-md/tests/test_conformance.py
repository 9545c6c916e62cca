"""The conformance kit."""

from __future__ import annotations

from whet.testing import EngineConformance


class TestAseMD(EngineConformance):
    given = "ase-md"
