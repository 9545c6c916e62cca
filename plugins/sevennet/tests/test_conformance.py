"""The conformance kit; every training among the slow tests."""

from __future__ import annotations

from importlib.util import find_spec
from typing import ClassVar

import pytest

from whet.testing import PotentialConformance, TrainingConformance

pytestmark = pytest.mark.skipif(
    find_spec("sevenn") is None, reason="sevenn is in an environment of its own: whet env create sevennet"
)


class TestPotential(PotentialConformance):
    given = "sevennet"


class TestFidelity(PotentialConformance):
    given: ClassVar = {"use": "sevennet:7net-mf-0", "modal": "R2SCAN"}


@pytest.mark.slow
class TestTraining(TrainingConformance):
    given = "sevennet"
