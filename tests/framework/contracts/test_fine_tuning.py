"""What the core asks of a fine-tuning before any backend is called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ase.build import bulk

from whet import (
    Applied,
    FineTuneRequest,
    FineTuneSettings,
    FrameSet,
    InputError,
    Labels,
    Loss,
    NotApplied,
    Spec,
)
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


def test_a_weight_of_another_size_than_asked_is_not_applied(potential) -> None:
    request = FineTuneRequest(potential, frames(2), frames(1), FineTuneSettings.model_validate({"epochs": 1}), 1)
    wanted = dict(request.weights)
    assert wanted == {"energy": 5, "forces": 1, "stress": 20}
    did = Applied("full", 1, 2, 1e-3, frozenset(wanted), 5)
    for weights in (wanted, {name: weight * (1 + 1e-7) for name, weight in wanted.items()}):
        replace(did, loss=Loss("squared", weights)).compare(request)
    with pytest.raises(NotApplied, match="energy was to have the weight 5 in the loss, it had 1"):
        replace(did, loss=Loss("squared", {**wanted, "energy": 1.0})).compare(request)


def test_numbers_that_were_kept_in_single_precision_are_those_asked_for(potential) -> None:
    asked = {"epochs": 1, "learning_rate": 0.01, "ema": 0.99, "replay_weight": 0.1}
    request = FineTuneRequest(potential, frames(2), frames(1), FineTuneSettings.model_validate(asked), 1)
    wanted = dict(request.weights)
    did = Applied("full", 1, 2, 0.01, frozenset(wanted), 5, ema=0.99, replay_weight=0.1)
    for word in ("learning_rate", "ema", "replay_weight"):
        for near in (float(np.float32(asked[word])), asked[word] * (1 + 1e-6)):
            replace(did, **{word: near}).compare(request)
        with pytest.raises(NotApplied, match=f"{word} {asked[word]} was asked for, {asked[word] * 1.01} was done"):
            replace(did, **{word: asked[word] * 1.01}).compare(request)


def test_frames_without_stress_are_trained_on_without_it(potential) -> None:
    mixed = frames(2) + frames(1, stress=False)
    request = FineTuneRequest(potential, mixed, frames(1), FineTuneSettings(), 1)
    request.check()
    assert request.weights.stress == 0
    assert request.weights.stress_because == "stress left out: 1 of 4 frames have none"


def test_a_molecule_has_no_stress_to_train_on(potential) -> None:
    (bare,) = frames(1)
    bare.pbc = False
    settings = FineTuneSettings.model_validate({"weights": {"stress": 1}})
    with pytest.raises(InputError, match="1 of 1 frames have no stress"):
        FineTuneRequest(potential, FrameSet([bare]), FrameSet(()), settings, 1).check()
