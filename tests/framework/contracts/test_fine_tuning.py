"""What the core asks of a fine-tuning before any backend is called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ase.build import bulk

from whet import FineTuneRequest, FineTuneSettings, FrameSet, InputError, Labels, Spec
from whet.plugins.registry import registry


@pytest.fixture
def potential(toy: None) -> Any:
    return registry().load(registry().resolve("potentials", Spec("toy")))


def frames(count: int, element: str = "Ar", stress: bool = True) -> FrameSet:
    labels = Labels(0.0, np.zeros((1, 3)), np.zeros((3, 3)) if stress else None)
    return FrameSet(labels.attach(bulk(element, "fcc", a=4.6)) for _ in range(count))


@pytest.mark.parametrize(
    ("train", "valid", "replay", "settings", "fault"),
    [
        (frames(0), frames(2), frames(0), {}, "there is no frame to train on"),
        (frames(2), frames(0), frames(0), {"patience": 3}, "patience needs frames to validate on"),
        (frames(2), frames(0), frames(0), {"strategy": "multihead-replay"}, "needs replay frames"),
        (frames(2), frames(0), frames(2), {}, "'full' uses no replay frames"),
        (frames(2) + frames(1, "Cu"), frames(0), frames(0), {}, "'toy' does not know Cu, and cannot learn it"),
        (frames(2), frames(1, "Cu"), frames(0), {}, "does not know Cu"),
        (frames(2), frames(0), frames(1, "Cu"), {"strategy": "multihead-replay"}, "does not know Cu"),
        (frames(2), frames(3, stress=False), frames(0), {"weights": {"stress": 1}}, "3 of 5 frames have no stress"),
    ],
)
def test_frames_that_cannot_be_trained_on(potential, train, valid, replay, settings, fault) -> None:
    request = FineTuneRequest(potential, train, valid, FineTuneSettings.model_validate(settings), 1, replay)
    with pytest.raises(InputError, match=fault):
        request.check()
    nothing = FineTuneSettings.model_validate({**settings, "epochs": 0})
    FineTuneRequest(potential, train, valid, nothing, 1, replay).check()


def test_a_molecule_has_no_stress_to_train_on(potential) -> None:
    (bare,) = frames(1)
    bare.pbc = False
    settings = FineTuneSettings.model_validate({"weights": {"stress": 1}})
    with pytest.raises(InputError, match="1 of 1 frames have no stress"):
        FineTuneRequest(potential, FrameSet([bare]), FrameSet(()), settings, 1).check()
