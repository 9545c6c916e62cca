"""Packed boxes: density, distances across periodic images, determinism, and requests that cannot be met."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import molecule
from ase.geometry import get_distances
from ase.io import write

from whet import InputError, Spec, UnknownName, frame_key
from whet.data.errors import FrameError, OptionsError
from whet.plugins.registry import registry


def source(molecules: dict[str, int], **options: Any) -> Any:
    return registry().load(registry().resolve("structures", Spec("packmol", {"molecules": molecules, **options})))


def nearest(atoms: Atoms, size: int) -> float:
    """Smallest distance between molecules of `size` atoms each, minimum images included."""
    _, distances = get_distances(atoms.positions, cell=atoms.cell, pbc=True)
    owner = np.arange(len(atoms)) // size
    return distances[owner[:, None] != owner[None, :]].min()


def test_density_and_distances_across_periodic_images() -> None:
    water = source({"water": 30}, density=0.95).make(0, 1)
    assert water.get_chemical_formula() == "H60O30"
    assert water.pbc.all()
    density = water.get_masses().sum() / units.kg * 1e3 / (water.get_volume() * 1e-24)
    assert density == pytest.approx(0.95)
    assert nearest(water, 3) > 2.0 - 0.02
    # Not left to the walls: some pairs are near only through a periodic image.
    _, inside = get_distances(water.positions)
    _, through = get_distances(water.positions, cell=water.cell, pbc=True)
    assert ((through < 3.0) & (inside > 5.0)).any()


def test_molecules_keep_their_shape_and_are_whole() -> None:
    mixture = source({"methanol": 4, "formic-acid": 4}, density=1.0).make(2, 7)
    assert len(mixture) == 44
    acid, alcohol = molecule("HCOOH"), molecule("CH3OH")  # sorted by name: formic-acid first
    places = [(5 * number, acid) for number in range(4)] + [(20 + 6 * number, alcohol) for number in range(4)]
    for first, template in places:
        one = mixture[first : first + len(template)]
        assert one.get_chemical_symbols() == template.get_chemical_symbols()
        np.testing.assert_allclose(one.get_all_distances(), template.get_all_distances(), atol=1e-4)


def test_index_and_seed_decide_everything() -> None:
    ethanol = source({"ethanol": 8}, density=0.7)
    assert frame_key(ethanol.make(0, 1)) == frame_key(ethanol.make(0, 1))
    assert len({frame_key(ethanol.make(index, seed)) for index in (0, 1) for seed in (1, 2)}) == 4
    mixed = source({"water": 5, "ethanol": 3}, density=0.7).make(0, 1)
    assert frame_key(source({"ethanol": 3, "water": 5}, density=0.7).make(0, 1)) == frame_key(mixed)


def test_box_by_its_edges() -> None:
    np.testing.assert_allclose(source({"H2O": 5}, box=9.0).make(0, 1).cell.lengths(), [9, 9, 9])
    np.testing.assert_allclose(source({"H2O": 5}, box=[8, 9, 10.5]).make(0, 1).cell.lengths(), [8, 9, 10.5])


def test_a_molecule_out_of_a_file_enters_by_content(tmp_path: Path) -> None:
    path = tmp_path / "a folder with a name that is far too long for an old Fortran program to read" / "mine.xyz"
    path.parent.mkdir()
    write(path, molecule("C2H6"))
    spec = Spec("packmol", {"molecules": {str(path): 3}, "density": 0.3})
    component = registry().resolve("structures", spec)
    assert list(component.files) == ["mine.xyz"]
    assert component.options["molecules"] == {"file:mine.xyz": 3}
    assert registry().load(component).make(0, 1).get_chemical_formula() == "C6H18"
    write(path, molecule("C2H4"))
    assert registry().resolve("structures", spec).key != component.key
    write(path, [molecule("C2H4")] * 2)
    with pytest.raises(InputError, match="holds 2 structures"):
        registry().load(registry().resolve("structures", spec)).make(0, 1)
    path.write_text("")
    with pytest.raises(FrameError, match="empty"):
        registry().load(registry().resolve("structures", spec)).make(0, 1)


def test_what_does_not_fit_says_so() -> None:
    with pytest.raises(InputError, match=r"do not fit into a box of .* Lower the density"):
        source({"water": 8}, density=8.0, loops=2).make(0, 1)
    with pytest.raises(InputError, match=r"as close as .* too small"):
        source({"C3H8": 1}, box=4.0).make(0, 1)


def test_wrong_requests_are_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"no molecule 'metanol'. Did you mean 'methanol'"):
        source({"metanol": 2}, density=1.0)
    with pytest.raises(UnknownName, match="common name"):
        source({"xylitol-palmitate": 2}, density=1.0)
    with pytest.raises(InputError, match="no such file"):
        source({str(tmp_path / "gone.xyz"): 2}, density=1.0)
    for wrong in ({}, {"density": 1.0, "box": 9.0}):
        with pytest.raises(OptionsError, match="either `density`"):
            source({"water": 2}, **wrong)
    with pytest.raises(OptionsError, match="greater than or equal to 1"):
        source({"water": 0}, density=1.0)
    with pytest.raises(OptionsError, match="molecules"):
        source({}, density=1.0)
