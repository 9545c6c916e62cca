"""What the weights of a loss are, and what a loss makes of errors."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk

from whet import Capabilities, FrameSet, Labels
from whet.contracts.fine_tune_settings import STRESS_WEIGHT, Weights
from whet.contracts.loss import Loss, LossWeights


def frames(count: int, *, stress: bool = True, pbc: bool = True) -> FrameSet:
    labels = Labels(0.0, np.zeros((1, 3)), np.zeros((3, 3)) if stress else None)
    made = [labels.attach(bulk("Ar", "fcc", a=4.6)) for _ in range(count)]
    for frame in made:
        frame.pbc = [True, True, pbc]
    return FrameSet(made)


@pytest.mark.parametrize(
    ("given", "properties", "weight", "because"),
    [
        (frames(8), ("energy", "forces", "stress"), STRESS_WEIGHT, "stress trained on: all 8 frames have it"),
        (frames(5) + frames(3, stress=False), ("energy", "forces", "stress"), 0, "left out: 3 of 8 frames have none"),
        (frames(5) + frames(3, pbc=False), ("energy", "forces", "stress"), 0, "3 of 8 frames are not periodic"),
        (frames(8), ("energy", "forces"), 0, "stress left out: the potential gives none"),
    ],
)
def test_stress_is_trained_on_where_it_is_labeled(given, properties, weight, because) -> None:
    decided = LossWeights.decided(Weights(), given, Capabilities(properties=frozenset(properties)))
    assert decided.stress == weight
    assert because in decided.stress_because


@pytest.mark.parametrize("asked", [0.0, 7.0])
def test_a_weight_that_the_study_gives_is_kept(asked) -> None:
    for given in (frames(2), frames(2, stress=False)):
        decided = LossWeights.decided(Weights(energy=3, forces=4, stress=asked), given, Capabilities())
        assert dict(decided) == {"energy": 3, "forces": 4, "stress": asked}
        assert decided.stress_because == ""


@pytest.mark.parametrize(
    ("loss", "mean", "criterion"),
    [
        (Loss("squared", {}), (0.01 + 0.25) / 2, "squared errors"),
        (Loss("absolute", {}), (0.1 + 0.5) / 2, "absolute errors"),
        (Loss("Huber", {}, 0.2), (0.005 + 0.2 * 0.4) / 2, "Huber, delta 0.2"),
        (Loss("UniversalLoss", {}), None, "UniversalLoss"),
    ],
)
def test_a_loss_is_the_mean_that_its_words_say(loss, mean, criterion) -> None:
    found = loss.mean(np.array([[0.1], [-0.5]]))
    assert found == (None if mean is None else pytest.approx(mean))
    assert loss.criterion == criterion
