"""Near doubles: found however they are shifted or turned, none made up, in little memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from whet import frame_key
from whet.labels.near_doubles import NearDoubles

BASES = {
    "primitive": bulk("Si", "diamond", a=5.43),
    "crystal": bulk("NaCl", "rocksalt", a=5.6, cubic=True).repeat((2, 1, 1)),
    "skewed": bulk("Cu", "fcc", a=3.6).repeat((3, 2, 2)),
    "molecule": molecule("C6H6"),
    "slab": Atoms("Cu4", positions=np.eye(4, 3) * 2, cell=[[4, 0, 0], [1, 4, 0], [0, 0, 20]], pbc=(1, 1, 0)),
}


def rattled(base: Atoms, random: np.random.Generator, size: float = 0.08) -> Atoms:
    atoms = base.copy()
    atoms.positions += random.normal(scale=size, size=atoms.positions.shape)
    return atoms


def nearly(atoms: Atoms, random: np.random.Generator, most: float) -> Atoms:
    """A copy, its atoms displaced by at most `most` Å; shifted, turned, put into other cells, strained a little."""
    copy = atoms.copy()
    moves = random.normal(size=copy.positions.shape)
    moves -= moves.mean(axis=0)
    copy.positions += moves * most / np.linalg.norm(moves, axis=1).max()
    copy.positions += random.normal(size=3)
    if copy.pbc.any():
        copy.set_cell(copy.cell.array * (1 + 5e-4 * random.uniform(-1, 1)), scale_atoms=True)
        lattice = random.integers(-2, 3, size=(len(copy), 3)) * copy.pbc
        copy.positions += lattice @ copy.cell.array
    copy.rotate(random.uniform(0, 360), random.normal(size=3), rotate_cell=bool(copy.pbc.any()))
    return copy


@pytest.mark.parametrize("name", BASES)
def test_near_doubles_are_found_and_others_are_not(name: str) -> None:
    random, known, doubles = np.random.default_rng(1), dict[str, Atoms](), NearDoubles()
    frames = [rattled(BASES[name], random) for _ in range(150)]
    for atoms in frames:
        if len(atoms) > 2:
            assert doubles.find(atoms, known.get) == ""
        known[frame_key(atoms)] = atoms
        doubles.add(atoms, frame_key(atoms))
    for atoms in frames:
        found = doubles.find(nearly(atoms, random, 0.0099), known.get)
        assert found == frame_key(atoms) or (found and len(atoms) == 2)
        if len(atoms) > 2:
            assert doubles.find(nearly(atoms, random, 0.05), known.get) == ""


def test_one_atom_that_moved_is_enough_to_differ() -> None:
    random, doubles = np.random.default_rng(2), NearDoubles()
    atoms = rattled(BASES["crystal"].repeat((1, 2, 2)), random)
    doubles.add(atoms, frame_key(atoms))
    for index in range(len(atoms)):
        other = atoms.copy()
        other.positions[index] += [0.02, 0, 0]
        assert doubles.find(other, lambda key: atoms) == ""
        other.positions[index] -= [0.015, 0, 0]
        assert doubles.find(other, lambda key: atoms) == frame_key(atoms)


def test_what_is_not_found_is_known() -> None:
    """Atoms in another order are another frame; so is another element, and a cell that is 1 % longer."""
    random, doubles = np.random.default_rng(3), NearDoubles()
    atoms = rattled(BASES["crystal"], random)
    known: Mapping[str, Atoms] = {frame_key(atoms): atoms}
    doubles.add(atoms, frame_key(atoms))
    mixed, other, longer = atoms[::-1], atoms.copy(), atoms.copy()
    other.numbers[0] = 19
    longer.set_cell(longer.cell.array * 1.01, scale_atoms=True)
    assert doubles.find(atoms.copy(), known.get)
    for unlike in (mixed, other, longer):
        assert not doubles.find(unlike, known.get)


def test_a_frame_costs_a_fixed_amount_of_memory() -> None:
    random, sizes = np.random.default_rng(4), []
    for repeat in (1, 5):
        base, doubles = BASES["crystal"].repeat((repeat, 1, 1)), NearDoubles()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for index in range(400):
            doubles.add(rattled(base, random), f"{index:032x}")
        sizes.append((tracemalloc.get_traced_memory()[0] - before) / 400)
        tracemalloc.stop()
        assert len(doubles) == 400
    assert max(sizes) < 600  # bytes, whatever the number of atoms
