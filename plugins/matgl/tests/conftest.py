"""What the tests of MatGL share: untrained potentials, a few structures, and labels of an analytic potential."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.lj import LennardJones

from whet import Component, FileRef, FrameSet, Labels, ReferenceEnergies, Spec
from whet.plugins.registry import registry
from whet_matgl.potential import MatglPotential


def load(**options: Any) -> MatglPotential:
    return registry().load(registry().resolve("potentials", Spec("matgl", options)))


@cache
def untrained(architecture: str) -> MatglPotential:
    return load(model="scratch", architecture=architecture, elements=["Na", "Cl"], size="small")


@pytest.fixture(scope="session")
def loaded() -> Callable[..., MatglPotential]:
    return load


@pytest.fixture(scope="session")
def of_architecture() -> Callable[[str], MatglPotential]:
    return untrained


@pytest.fixture(scope="session")
def start() -> MatglPotential:
    return untrained("TensorNet")


@pytest.fixture(scope="session")
def reload() -> Callable[..., MatglPotential]:
    """Loads a potential from files alone, as the core does."""

    def from_files(files: dict[str, Path]) -> MatglPotential:
        refs = {role: FileRef.to(path) for role, path in files.items()}
        return registry().load(Component("potentials", "matgl", options={"model": "saved"}, files=refs))

    return from_files


@pytest.fixture
def sheared() -> Atoms:
    """A triclinic cell off equilibrium: 8 atoms, no symmetry left."""
    atoms = bulk("NaCl", "rocksalt", 5.6, cubic=True)
    deformation = np.eye(3) + np.array([[0.03, 0.10, 0], [0, -0.02, 0.15], [0.05, 0, 0]])
    atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
    atoms.rattle(0.15, seed=3)
    return atoms


@pytest.fixture(scope="session")
def labeled(start: MatglPotential) -> FrameSet:
    """Twelve frames of distorted NaCl, four atoms each, with stress, labeled by Lennard-Jones.

    Energies are on the scale of the untrained start, as the core would hand them over.
    """
    frames = []
    for seed in range(12):
        atoms = bulk("NaCl", "rocksalt", 5.0 + 0.1 * (seed % 4)) * (2, 1, 1)
        atoms.rattle(0.15, seed=seed)
        atoms.calc = LennardJones(epsilon=0.05, sigma=2.2, rc=5.0, smooth=True)
        atoms.get_stress()
        frames.append(Labels.of(atoms).attach(atoms))
    predicted = [labels.energy for labels in start.evaluate(frames)]
    return ReferenceEnergies.fit(frames, [Labels.of(frame).energy for frame in frames], predicted).removed_from(frames)


@pytest.fixture
def old_weights() -> Path:
    """The folder of two M3GNet that matgl 4 misreads."""
    folder = os.environ.get("WHET_REFERENCE_DATA")
    if not folder:
        pytest.skip("WHET_REFERENCE_DATA is not set")
    return Path(folder) / "weights" / "matgl"
