"""made: a source of structures by its name; water_box: molecules that the boundaries cut."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase import Atoms
from ase.build import molecule
from ase.geometry import get_distances

from whet import Spec
from whet.contracts.structures import StructureSource
from whet.plugins.registry import registry


def made(name: str, **options: Any) -> StructureSource:
    return registry().load(registry().resolve("structures", Spec(name, options)))


def water_box(seed: int = 0, count: int = 3, edge: float = 4.0) -> Atoms:
    """Molecules of water in random directions on a lattice, in a skewed cell, all atoms wrapped into it."""
    random = np.random.default_rng(seed)
    box = Atoms(cell=edge * count * np.array([[1, 0, 0], [0.2, 1, 0], [0, 0.1, 1]]), pbc=True)
    for place in np.ndindex(count, count, count):
        one = molecule("H2O")
        one.rotate(float(random.uniform(0, 360)), random.normal(size=3), center="COM")
        one.positions += (np.array(place) / count) @ box.cell.array + random.uniform(-0.3, 0.3, size=3)
        box += one
    box.wrap()
    return box


def assert_same_place(one: Atoms, other: Atoms) -> None:
    """Each atom where it is in the other, or in one of its images."""
    np.testing.assert_allclose(one.cell.array, other.cell.array, atol=1e-10)
    _, apart = get_distances(one.positions, other.positions, cell=one.cell, pbc=one.pbc)
    assert np.diagonal(apart).max() < 1e-9
