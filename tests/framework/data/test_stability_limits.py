"""StabilityLimits: planted departures are found at their time, and what is no departure is not."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from whet import FrameError, StabilityLimits


def boxed_water(side: float = 3.1, stretch: float = 0.0) -> Atoms:
    frame = molecule("H2O")
    frame.set_distance(0, 1, frame.get_distance(0, 1) + stretch, fix=0)
    frame.set_cell([side] * 3)
    frame.pbc = True
    frame.center()
    return frame


def test_a_bond_that_stretches_too_far_is_found() -> None:
    frames = [boxed_water(stretch=by) for by in (0.0, 0.49, 0.51, 0.0)]
    found = StabilityLimits().departure(boxed_water(), frames, [0.0, 10.0, 20.0, 30.0])
    assert found is not None
    assert (found.time, found.by) == (20.0, "bond")
    assert found.what == "the bond H1-O2 of atoms 0 and 1 is 0.51 Å longer than at rest (limit 0.5 Å)"
    assert StabilityLimits(stretch=0.6).departure(boxed_water(), frames, [0.0, 10.0, 20.0, 30.0]) is None
    assert StabilityLimits(stretch=None).departure(boxed_water(), frames, [0.0, 10.0, 20.0, 30.0]) is None


def test_the_equilibrium_length_is_the_mean_of_the_kind() -> None:
    start = boxed_water(stretch=0.15)
    found = StabilityLimits().departure(start, [boxed_water(stretch=0.6)], [5.0])
    assert found is not None  # 0.45 Å longer than it was, 0.525 Å longer than the mean of the two
    assert found.what.startswith("the bond H1-O2 of atoms 0 and 1 is 0.525 Å longer")


@pytest.mark.parametrize(("side", "beyond"), [(5.4, True), (5.2, False), (2.5, False), (2.4, True)])
def test_a_density_counts_where_the_cell_moves(side: float, beyond: bool) -> None:
    found = StabilityLimits().departure(boxed_water(), [boxed_water(side)], [7.0])
    assert (found is not None) == beyond
    if found is not None:
        mass = boxed_water().get_masses().sum()
        assert found.what == f"the density is {mass / side**3 / 0.602214076:.3g} g/cm³ (0.2 to 2 g/cm³)"
    assert StabilityLimits().departure(boxed_water(side), [boxed_water(side)], [7.0]) is None


def test_a_density_that_was_never_within_the_limits_does_not_leave_them() -> None:
    copper = bulk("Cu", cubic=True)
    hot = copper.copy()
    hot.set_cell(copper.cell.array * 1.02, scale_atoms=True)
    assert StabilityLimits().departure(copper, [hot], [1.0]) is None
    found = StabilityLimits((8.8, 10.0)).departure(copper, [hot], [1.0])
    assert found is not None
    assert found.by == "density"


def test_neighbors_of_a_metal_come_and_go() -> None:
    start = bulk("LiF", "rocksalt", a=4.0, cubic=True) * (2, 2, 2)
    far = start.copy()
    far.positions += np.random.default_rng(0).normal(0, 0.6, (len(far), 3))
    assert StabilityLimits(density=None).departure(start, [far], [1.0]) is None


def test_other_atoms_are_refused() -> None:
    with pytest.raises(FrameError, match="are not those of the starting structure"):
        StabilityLimits().departure(boxed_water(), [molecule("CH4")], [1.0])
