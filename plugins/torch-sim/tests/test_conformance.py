"""The conformance kit."""

from __future__ import annotations

from whet.testing import EngineConformance


class TestTorchSim(EngineConformance):
    given = "torch-sim"
