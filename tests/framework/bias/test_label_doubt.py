"""label_doubt: factors that no potential has but a unit has, and the other sign, are told; softness is not."""

from __future__ import annotations

import numpy as np
import pytest

from whet.bias.label_doubt import are_own_answers, label_doubt
from whet.bias.softening import Slopes, softening


@pytest.fixture
def slopes(made):
    """Of labels that are so many times the true forces, with a potential that is so soft."""

    def of(factor: float, soft: float = 0.85, error: float = 0.05) -> Slopes:
        random = np.random.default_rng(3)
        forces = random.normal(size=(8, 5, 3))
        predicted = soft * forces + error * random.normal(size=(8, 5, 3))
        return softening(made(factor * forces, predicted, samplers=["rattle"] * 8)).slopes

    return of


@pytest.fixture
def doubt(slopes):
    return lambda *given, **rest: label_doubt(slopes(*given, **rest))


@pytest.mark.parametrize(
    ("factor", "why"),
    [
        (23.06, "may be in kcal/mol/Å"),
        (96.49, "may be in kJ/mol/Å"),
        (1000.0, "may be in meV/Å"),
        (1 / 51.42, "may be in Ha/Bohr"),
        (1 / 25.71, "may be in Ry/Bohr"),
        (-1.0, "the labels have the sign of gradients"),
    ],
)
def test_another_unit_is_named(doubt, factor, why):
    assert why in doubt(factor)


@pytest.mark.parametrize("soft", [0.3, 0.5, 1.0, 2.0])
def test_softness_is_no_unit(doubt, soft):
    assert doubt(1.0, soft) == ""


def test_predictions_that_do_not_follow_tell_no_unit(doubt):
    assert doubt(23.06, soft=0.1, error=1.0) == ""


@pytest.mark.parametrize(("soft", "error", "own"), [(1.0, 1e-6, True), (1.0, 1e-3, False), (0.99, 1e-6, False)])
def test_own_answers_are_told(slopes, soft, error, own):
    """Without an error a potential looks perfect."""
    assert are_own_answers(slopes(1.0, soft, error)) == own
