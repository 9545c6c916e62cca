"""What the core adds to every fine-tuning: aligned energies, the weight of stress, shares of the loss."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.build import bulk

from whet import FineTuneSettings, FrameSet, Labels, Spec
from whet.plugins.registry import registry
from whet.tasks.aligned_training import AlignedFineTuned, Material, fine_tuned


def harder(count: int, seed: int) -> FrameSet:
    """Frames of argon, with labels of the toy's harder model and energies 40 eV/atom away."""
    hard = registry().load(registry().resolve("potentials", Spec("toy", {"model": "hard"})))
    frames = [bulk("Ar", "fcc", a=4.6, cubic=True) for _ in range(count)]
    for number, frame in enumerate(frames):
        frame.rattle(0.2, seed=seed + number)
    return FrameSet(
        said.shifted(40.0 * len(frame)).attach(frame) for said, frame in zip(hard.evaluate(frames), frames, strict=True)
    )


@pytest.fixture
def train(toy: None, tmp_path: Path) -> Callable[..., AlignedFineTuned]:
    def run(material: Material, **settings: Any) -> AlignedFineTuned:
        tuner = registry().load(registry().resolve("fine_tuners", Spec("toy")))
        chosen = FineTuneSettings.model_validate(settings)
        return fine_tuned(
            tuner, registry().resolve("potentials", Spec("toy")), material, chosen, seed=1, folder=tmp_path
        )

    return run


def test_shares_add_up_to_the_loss_of_the_backend(train) -> None:
    material = Material(harder(4, 0), harder(2, 10))
    # The toy reports the loss after a step; this one leads nowhere.
    made = train(material, epochs=1, learning_rate=1e-12)
    terms = made.at_start
    assert {name: term.weight for name, term in terms.items()} == {"energy": 5, "forces": 1, "stress": 20}
    (whole,) = made.done.curves["train_loss"]
    assert sum(term.weight * term.mean for term in terms.values()) == pytest.approx(whole, rel=1e-6)
    assert sum(term.share for term in terms.values()) == pytest.approx(1)
    # By hand, with the energies 40 eV/atom apart taken out by their mean: there is one element.
    soft = registry().load(registry().resolve("potentials", Spec("toy")))
    pairs = [
        (said, Labels.of(frame)) for said, frame in zip(soft.evaluate(material.train), material.train, strict=True)
    ]
    errors = np.array([(said.energy - label.energy) / 4 for said, label in pairs])
    assert terms["energy"].mean == pytest.approx(np.var(errors), rel=1e-6)
    forces = np.mean([(said.forces - label.forces) ** 2 for said, label in pairs])
    assert terms["forces"].mean == pytest.approx(forces, rel=1e-9)


def test_stress_is_left_out_where_one_frame_has_none(train) -> None:
    (bare,) = harder(1, 10)
    labels = Labels.of(bare)
    valid = FrameSet([Labels(labels.energy, labels.forces).attach(bare)])
    made = train(Material(harder(4, 0), valid), epochs=1)
    assert made.weights.stress_because == "stress left out: 1 of 5 frames have none"
    assert made.done.applied.labels == {"energy", "forces"}
    assert made.at_start["stress"].share == 0


def test_training_frames_are_predicted_once(train, monkeypatch) -> None:
    from whet_toy.potential import ToyPotential

    asked = []
    predict = ToyPotential.predict
    material = Material(harder(4, 0), harder(2, 10))

    def counted(self, frames, properties):
        asked.append(len(frames))
        return predict(self, frames, properties)

    monkeypatch.setattr(ToyPotential, "predict", counted)
    train(material, epochs=1)
    assert sum(asked) == 4


def test_without_an_epoch_there_is_no_loss(train) -> None:
    assert train(Material(harder(2, 0), harder(1, 10)), epochs=0).at_start == {}
