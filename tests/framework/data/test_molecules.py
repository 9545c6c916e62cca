"""Molecules are found whole, whatever the boundaries cut; what goes on through them is none."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from hypothesis import given, settings
from hypothesis import strategies as st

from whet.data.molecules import Molecules


def box_of(name: str, edge: float = 9.0) -> Atoms:
    one = molecule(name)
    one.cell, one.pbc = [edge, edge, edge], True
    return one


@given(st.sampled_from(["C6H6", "CH3CH2OH", "H2O"]), st.lists(st.floats(-30, 30), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_a_molecule_is_whole_wherever_it_is_cut(name: str, shift: list[float]) -> None:
    whole = box_of(name)
    cut = whole.copy()
    cut.positions += shift
    cut.wrap()
    found = Molecules.of(cut)
    assert [len(one) for one in found.members] == [len(whole)] and not len(found.network)
    apart = [np.linalg.norm(places[:, None] - places[None], axis=-1) for places in (whole.positions, found.positions)]
    np.testing.assert_allclose(apart[0], apart[1], atol=1e-10)
    np.testing.assert_allclose(found.positions[0], cut.positions[0])  # around the first of its atoms


def test_what_goes_on_through_the_boundaries_is_no_molecule() -> None:
    for crystal in (bulk("NaCl", "rocksalt", 5.6), bulk("Cu", a=3.6), bulk("Si", a=5.43, cubic=True)):
        found = Molecules.of(crystal)
        assert not found.members and found.network.tolist() == list(range(len(crystal)))
        np.testing.assert_array_equal(found.positions, crystal.positions)


def test_a_guest_in_a_network_is_one() -> None:
    """A chain along z that never ends, a molecule beside it, and an ion."""
    chain = Atoms("C4", [[0, 0, z] for z in (0, 1.4, 2.8, 4.2)], cell=[12, 12, 5.6], pbc=True)
    guest = molecule("N2")
    guest.positions += [6, 6, 0]
    both = chain + guest + Atoms("Li", [[6, 8.2, 0.6]])
    found = Molecules.of(both, unbonded=["Li"])
    assert found.network.tolist() == [0, 1, 2, 3]
    assert [one.tolist() for one in found.members] == [[4, 5], [6]]
    assert sorted(found.bonds.tolist()) == [[0, 1], [0, 3], [1, 2], [2, 3], [4, 5]]


def test_an_open_direction_has_no_images() -> None:
    both = Atoms("C2", [[0, 0, 0.2], [0, 0, 9.3]], cell=[9, 9, 9.5], pbc=[True, True, False])
    assert len(Molecules.of(both).members) == 2
    both.pbc = True
    assert len(Molecules.of(both).members) == 1
    assert Molecules.of(both).positions[1, 2] == pytest.approx(-0.2)
