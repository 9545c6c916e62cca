"""The conformance kit; its physics, which takes minutes, among the slow tests."""

from __future__ import annotations

import pytest

from whet.testing import EngineConformance


class TestAseMD(EngineConformance):
    tests = ("contract",)
    given = "ase-md"


@pytest.mark.slow
class TestAseMDPhysics(EngineConformance):
    tests = ("physics",)
    given = "ase-md"
