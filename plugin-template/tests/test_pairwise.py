"""What is special to this potential."""

from __future__ import annotations

import numpy as np
from ase.build import bulk

from whet import Spec
from whet.plugins.registry import registry


def test_distant_atoms_do_not_interact() -> None:
    potential = registry().load(registry().resolve("potentials", Spec("pairwise")))
    atoms = bulk("Ar", "fcc", a=9.0)
    (labels,) = potential.evaluate([atoms])
    assert labels.energy == 0
    np.testing.assert_array_equal(labels.stress, 0)
