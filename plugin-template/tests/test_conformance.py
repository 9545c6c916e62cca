"""The conformance kit: one test a check.

A failure that cannot be mended is listed with its reason, and is an error as soon as it passes:
`expected_failures: ClassVar = {"smooth_at_the_cutoff": "the published weights jump there"}`.
"""

from __future__ import annotations

from whet.testing import PotentialConformance, TrainingConformance


class TestPotential(PotentialConformance):
    given = "pairwise"


class TestTraining(TrainingConformance):
    given = "pairwise"
