"""Dimers: every pair of elements at every distance."""

from __future__ import annotations

import numpy as np
import pytest
from ase.data import atomic_numbers, covalent_radii

from made_structures import made
from whet import InputError
from whet.data.errors import OptionsError
from whet.testing import check_structures


def test_the_conformance_kit() -> None:
    assert check_structures({"use": "dimers", "elements": ["Na", "Cl"]}).ok


def test_every_pair_at_every_distance() -> None:
    dimers = made("dimers", elements=["Na", "Cl", "H", "Cl"], distances={"first": 0.5, "last": 2.5, "points": 5})
    frames = [dimers.make(index, 1) for index in range(dimers.count or 0)]
    assert list(dict.fromkeys(one.info["pair"] for one in frames)) == [
        "Na-Na",
        "Na-Cl",
        "Na-H",
        "Cl-Cl",
        "Cl-H",
        "H-H",
    ]
    for index, one in enumerate(frames):
        assert one.get_distance(0, 1) == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.5][index % 5], abs=1e-12)
        assert one.info["distance"] == pytest.approx(one.get_distance(0, 1)) and one.info["group"] == one.info["pair"]
        free = one.cell.lengths() - [0, 0, one.info["distance"]]
        np.testing.assert_allclose(free, [12.0, 12.5, 13.0])
        np.testing.assert_allclose(one.positions.mean(axis=0), one.cell.lengths() / 2)
    with pytest.raises(InputError, match="there is no structure 30"):
        dimers.make(30, 1)


def test_distances_in_covalent_radii() -> None:
    dimers = made("dimers", elements=["Li", "O"], radii=[0.5, 1.0])
    bond = covalent_radii[atomic_numbers["Li"]] + covalent_radii[atomic_numbers["O"]]
    assert [dimers.make(index, 1).info["distance"] for index in (2, 3)] == pytest.approx([0.5 * bond, bond])
    assert made("dimers", elements=["Li"]).count == 25


def test_wrong_requests_are_refused() -> None:
    with pytest.raises(OptionsError, match="elements: 'Nacl' is no chemical symbol"):
        made("dimers", elements=["Nacl"])
    with pytest.raises(OptionsError, match="give either `distances`"):
        made("dimers", elements=["Na"], distances=[1.0], radii=[1.0])
    with pytest.raises(OptionsError, match="elements"):
        made("dimers", elements=[])
