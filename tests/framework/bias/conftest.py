"""Labeled frames with known truths, for the tests of `whet.bias`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from whet.bias.pairs import Comparison
from whet.data.labels import Labels

Labeled = Callable[..., list[Atoms]]
Made = Callable[..., Comparison]


@pytest.fixture(scope="session")
def labeled() -> Labeled:
    """(forces by frame, energies=0, symbols="Cu…", stresses=None) -> labeled frames in fixed random places."""

    def make(
        forces: Sequence[np.ndarray],
        energies: Sequence[float] | None = None,
        symbols: Sequence[str] | None = None,
        stresses: Sequence[np.ndarray | None] | None = None,
    ) -> list[Atoms]:
        frames = []
        for index, force in enumerate(forces):
            places = np.random.default_rng(index).uniform(0, 5, (len(force), 3))
            atoms = Atoms(symbols[index] if symbols else f"Cu{len(force)}", positions=places, cell=[5] * 3, pbc=True)
            energy = energies[index] if energies is not None else 0.0
            frames.append(Labels(energy, force, stresses[index] if stresses else None).attach(atoms))
        return frames

    return make


@pytest.fixture(scope="session")
def made(labeled: Labeled) -> Made:
    """(reference forces by frame, predicted ones, symbols=None, what else `Comparison.of` takes) -> Comparison."""

    def make(
        reference: Sequence[np.ndarray],
        predicted: Sequence[np.ndarray],
        symbols: Sequence[str] | None = None,
        **more: Any,
    ) -> Comparison:
        return Comparison.of(labeled(reference, symbols=symbols), labeled(predicted, symbols=symbols), **more)

    return make
