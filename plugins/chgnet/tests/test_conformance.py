"""The conformance kit."""

from __future__ import annotations

from whet.testing import PotentialConformance, TrainingConformance


class TestPotential(PotentialConformance):
    given = "chgnet"


class TestTraining(TrainingConformance):
    given = "chgnet"
