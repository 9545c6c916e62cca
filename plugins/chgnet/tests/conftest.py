"""What the tests of CHGNet share: loaded potentials, and a few structures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from whet import Component, FrameSet, Labels, ReferenceEnergies, Spec
from whet.plugins.registry import registry
from whet_chgnet.potential import ChgnetPotential


def load(model: str = "0.3.0") -> ChgnetPotential:
    return registry().load(registry().resolve("potentials", Spec("chgnet", {"model": model})))


@pytest.fixture(scope="session")
def potential() -> ChgnetPotential:
    return load()


@pytest.fixture(scope="session")
def loaded() -> Callable[[str], ChgnetPotential]:
    return load


@pytest.fixture
def sheared() -> Atoms:
    """A triclinic cell off equilibrium: 8 atoms, no symmetry left."""
    atoms = bulk("NaCl", "rocksalt", 5.6, cubic=True)
    deformation = np.eye(3) + np.array([[0.03, 0.10, 0], [0, -0.02, 0.15], [0.05, 0, 0]])
    atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
    atoms.rattle(0.15, seed=3)
    return atoms


@pytest.fixture(scope="session")
def labeled(potential: ChgnetPotential) -> FrameSet:
    """Six frames of distorted NaCl, four atoms each, with stress.

    CHGNet's r2SCAN model labels them; its energies are brought to the scale of 0.3.0.
    """
    frames = []
    for seed in range(6):
        atoms = bulk("NaCl", "rocksalt", 5.4) * (2, 1, 1)
        atoms.rattle(0.2, seed=seed)
        frames.append(atoms)
    labels = list(load("r2scan").evaluate(frames))
    energies = [answer.energy for answer in potential.evaluate(frames)]
    shift = ReferenceEnergies.fit(frames, [answer.energy for answer in labels], energies)
    plain = (Labels(answer.energy, answer.forces, answer.stress) for answer in labels)
    return shift.removed_from(answer.attach(frame) for frame, answer in zip(frames, plain, strict=True))


@pytest.fixture
def reload() -> Callable[..., ChgnetPotential]:
    """Loads a potential from files alone, as the core does."""

    def from_files(options: dict, files: dict) -> ChgnetPotential:
        from whet import FileRef

        refs = {role: FileRef.to(path) for role, path in files.items()}
        return registry().load(Component("potentials", "chgnet", options=options, files=refs))

    return from_files
