"""Forces along bonds: stretches are told from their neighbors' and from bends, and networks are left out."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, graphene, molecule

from whet.bias.bond_forces import bond_forces
from whet.data.topology import BondTopology


def numeric(energy, atoms: Atoms) -> np.ndarray:
    """Forces of an energy of the positions, by central differences."""
    places, found, step = atoms.positions.copy(), np.zeros((len(atoms), 3)), 1e-5
    for index in np.ndindex(places.shape):
        for sign in (1, -1):
            moved = places.copy()
            moved[index] += sign * step
            found[index] -= sign * energy(moved) / (2 * step)
    return found


def shaken(name: str, seed: int = 0) -> Atoms:
    atoms = molecule(name)
    atoms.positions += np.random.default_rng(seed).normal(0, 0.03, (len(atoms), 3))
    return atoms


def test_of_two_atoms_it_is_half_the_difference_of_the_forces() -> None:
    atoms, forces = molecule("CO"), np.random.default_rng(1).normal(size=(2, 3))
    apart = atoms.positions[1] - atoms.positions[0]
    expected = 0.5 * (forces[1] - forces[0]) @ apart / np.linalg.norm(apart)
    found = bond_forces(atoms, [forces, 2 * forces])
    assert found.along[:, 0] == pytest.approx([expected, 2 * expected])
    assert found.lengths == pytest.approx([np.linalg.norm(apart)])


@pytest.mark.parametrize("name", ["H2O", "CH3OH", "HCOOH", "CH4"])
def test_a_stretch_of_one_bond_is_no_force_along_the_others(name: str) -> None:
    """½(F_j − F_i)·r̂ would find up to half of it there."""
    atoms = shaken(name)
    pair = BondTopology.of(atoms).pairs[0]

    def energy(places: np.ndarray) -> float:
        return 15.0 * (float(np.linalg.norm(places[pair[1]] - places[pair[0]])) - 1.0) ** 2

    found = bond_forces(atoms, [numeric(energy, atoms)])
    assert found.along[0, 0] == pytest.approx(-30 * (found.lengths[0] - 1.0), abs=1e-6)
    assert found.along[0, 1:] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", ["H2O", "CH3OH", "HCOOH"])
def test_a_bend_is_no_force_along_any_bond(name: str) -> None:
    atoms = shaken(name)
    # The first atom with two bonds or more, and two of its neighbors.
    pairs = BondTopology.of(atoms).pairs
    center = int(np.bincount(pairs.ravel()).argmax())
    one, two = [int(pair.sum() - center) for pair in pairs if center in pair][:2]

    def energy(places: np.ndarray) -> float:
        u, v = places[one] - places[center], places[two] - places[center]
        return 3.0 * (np.arccos(u @ v / np.linalg.norm(u) / np.linalg.norm(v)) - 2.2) ** 2

    forces = numeric(energy, atoms)
    assert np.abs(forces).max() > 0.2
    assert np.abs(bond_forces(atoms, [forces]).along).max() < 1e-6


def test_networks_have_no_minima_that_forces_tell() -> None:
    carbon = graphene(size=(4, 4, 1), vacuum=5)
    carbon.pbc = True
    found = bond_forces(carbon, [np.zeros((len(carbon), 3))])
    assert len(found.lengths) == 0 and found.networks == {"C3-C3"}
    salt = bulk("NaCl", "rocksalt", a=5.64, cubic=True).repeat(2)
    assert bond_forces(salt, [np.zeros((len(salt), 3))]).networks == {"Cl6-Na6"}
    # A ring that crosses the boundary of its cell is a molecule.
    benzene = molecule("C6H6")
    benzene.set_cell([9, 9, 9])
    benzene.pbc = True
    benzene.wrap()
    assert np.ptp(benzene.positions[:, 0]) > 6
    assert len(bond_forces(benzene, [np.zeros((12, 3))]).lengths) == 12
    assert not bond_forces(Atoms("Ar"), [np.zeros((1, 3))]).networks
