"""The conformance kit: a small random model always, the published one and every training among the slow tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from whet.testing import PotentialConformance, TrainingConformance


class TestTiny(PotentialConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, tiny_file: Path) -> dict[str, Any]:
        return {"use": "mace", "model": str(tiny_file), "dtype": "float64"}


@pytest.mark.slow
class TestSmall(PotentialConformance):
    expected_failures: ClassVar = {"every_element_matters": "two atoms of neon feel nothing"}

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, small_file: Path) -> str:
        return f"mace:{small_file}"


@pytest.mark.slow
class TestTraining(TrainingConformance):
    fine_tune: ClassVar = {"learning_rate": 1e-3, "batch_size": 2}

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, lively_file: Path) -> str:
        return f"mace:{lively_file}"
