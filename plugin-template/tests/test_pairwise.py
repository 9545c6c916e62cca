"""What is special to this potential."""

from __future__ import annotations

import numpy as np
from ase.build import bulk

import whet


def test_distant_atoms_do_not_interact() -> None:
    potential = whet.load("pairwise")
    atoms = bulk("Ar", "fcc", a=9.0)
    (labels,) = potential.evaluate([atoms])
    assert labels.energy == 0
    np.testing.assert_array_equal(labels.stress, 0)
