"""The conformance kit: a TensorNet that was trained here from scratch; the other architectures untrained, slowly."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from whet import Component, FineTuneSettings, FrameSet, Spec
from whet.plugins.registry import registry
from whet.tasks.aligned_training import Material, fine_tuned
from whet.testing import PotentialConformance, TrainingConformance


@pytest.fixture(scope="session")
def trained(labeled: FrameSet, tmp_path_factory: pytest.TempPathFactory) -> Component:
    """A small TensorNet for NaCl, trained from random weights on ten frames of Lennard-Jones labels."""
    here = registry()
    spec = Spec("matgl", {"model": "scratch", "architecture": "TensorNet", "elements": ["Na", "Cl"], "size": "small"})
    settings = FineTuneSettings.model_validate({"epochs": 30, "learning_rate": 3e-3, "weights": {"stress": 10.0}})
    made = fine_tuned(
        here.load(here.resolve("fine_tuners", Spec("matgl"))),
        here.resolve("potentials", spec),
        Material(labeled[:10], labeled[10:]),
        settings,
        seed=1,
        folder=tmp_path_factory.mktemp("trained"),
    )
    curve = made.done.curves["valid_forces_mae"]
    assert min(curve) < 0.5 * curve[0]
    return made.component


class TestTrained(PotentialConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, trained: Component) -> Component:
        return trained


@pytest.mark.slow
class TestTraining(TrainingConformance):
    fine_tune: ClassVar = {"learning_rate": 3e-4}

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, trained: Component) -> Component:
        return trained


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["M3GNet", "CHGNet", "QET"], scope="class")
class TestUntrained(PotentialConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, architecture: str) -> dict[str, Any]:
        return {
            "use": "matgl:scratch",
            "architecture": architecture,
            "elements": ["Na", "Cl"],
            "size": "small",
        }
