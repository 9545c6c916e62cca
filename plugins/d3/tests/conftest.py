"""What the tests of D3 share: potentials that are made up, frames, and the published ones where they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from whet import Capabilities, KnownAnswer, Labels, LevelOfTheory, Potential, Property
from whet.testing import LennardJones
from whet_d3.potential import D3Options, D3Potential

PBE = LevelOfTheory("PBE/PBE+U", "VASP", settings={"data": "MPtrj"})


class Toy(LennardJones):
    """Lennard-Jones that states a theory, knows four elements, and answers every kind of extra label."""

    name = "toy"
    stated: LevelOfTheory | None = PBE
    elements: frozenset[str] | None = frozenset({"Ar", "C", "Na", "Og"})
    answer: KnownAnswer | None = None

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, theory=self.stated, elements=self.elements)

    @property
    def known_answer(self) -> KnownAnswer | None:
        return self.answer

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        for frame, labels in zip(frames, super().predict(frames, properties), strict=True):
            shares = np.full(len(frame), labels.energy / len(frame))
            extra = {"magmoms": np.ones(len(frame)), "energies": shares, "free_energy": np.array(labels.energy)}
            yield replace(labels, extra=extra)

    def parameters(self) -> dict[str, np.ndarray]:
        return {"epsilon": np.array([0.0104])}

    def embed(self, frames: Sequence[Atoms]) -> Iterator[np.ndarray]:
        yield from (frame.positions for frame in frames)


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def with_d3() -> Callable[..., D3Potential]:
    """`with_d3(potential, functional=…, damping=…)`: the sum."""

    def made(potential: Potential, **options: Any) -> D3Potential:
        checked = D3Options.checked({"potential": potential.name, **options}, of="potential 'd3'")
        return D3Potential(checked, parts={"potential": potential})

    return made


@pytest.fixture
def argon() -> Atoms:
    """32 atoms in a skew cell that is wider than twice the reach of the toy, off their sites."""
    atoms = bulk("Ar", "fcc", 5.4, cubic=True).repeat((2, 2, 2))
    deformation = np.eye(3) + np.array([[0.01, 0.06, 0.0], [0.0, 0.02, 0.05], [-0.04, 0.0, 0.0]])
    atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
    atoms.rattle(0.15, seed=4)
    atoms.symbols[::4] = "C"
    return atoms


@pytest.fixture(scope="session")
def small_file() -> Path:
    """MACE-MP-0 small."""
    pytest.importorskip("mace")
    folder = os.environ.get("WHET_REFERENCE_DATA")
    if not folder:
        pytest.skip("WHET_REFERENCE_DATA is not set: no weights of MACE-MP-0 small")
    return Path(folder) / "weights" / "mace" / "mace_mp_small.model"
