"""A potential that ASE computes in no time, with and without a planted softness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from ase import Atoms
from ase.calculators.emt import EMT

from whet import CalculatorPotential, Labels


class EffectiveMedium(CalculatorPotential):
    """ASE's effective-medium theory (Cu, Al, Ni, …), all of its energy times a factor. frames: what it was asked."""

    name = "effective-medium"

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__(self.Options())
        self.factor = factor
        self.frames: list[Atoms] = []

    def make_calculator(self) -> EMT:
        return EMT()

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Any]) -> Iterator[Labels]:
        for frame, one in zip(frames, super().predict(frames, properties), strict=True):
            self.frames.append(frame)
            stress = None if one.stress is None else self.factor * one.stress
            yield Labels(self.factor * one.energy, self.factor * one.forces, stress)


@pytest.fixture
def effective_medium() -> EffectiveMedium:
    return EffectiveMedium()


@pytest.fixture
def softened() -> EffectiveMedium:
    return EffectiveMedium(0.8)
