"""Volume scans: the volume is exact, molecules are rigid, and where a boundary cuts them makes no difference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk, molecule
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from made_structures import assert_same_place, made, water_box
from whet import InputError, Spec, export_frames
from whet.contracts.component import Component
from whet.data.errors import OptionsError
from whet.data.molecules import Molecules
from whet.plugins.registry import registry
from whet.testing import check_structures

PLAIN = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def water(tmp_path: Path) -> Path:
    path = tmp_path / "water.extxyz"
    export_frames(path, [water_box()])
    return path


def test_the_conformance_kit(water: Path) -> None:
    assert check_structures({"use": "volume-scan", "file": str(water), "volumes": [0.8, 1.0, 1.3]}).ok
    grid = {"first": 0.95, "last": 1.05, "points": 3}
    assert check_structures({"use": "volume-scan", "file": str(water), "lengths": grid}).ok


@given(st.floats(0.5, 2.0))
@PLAIN
def test_the_volume_is_exact_and_molecules_are_rigid(water: Path, volume: float) -> None:
    before = water_box()
    after = made("volume-scan", file=str(water), volumes=[volume]).make(0, 1)
    assert after.get_volume() == pytest.approx(volume * before.get_volume(), rel=1e-12)
    edge = volume ** (1 / 3)
    np.testing.assert_allclose(after.cell.array, edge * before.cell.array, rtol=1e-12)
    np.testing.assert_array_equal(after.numbers, before.numbers)
    found = Molecules.of(before)
    assert len(found.members) == 27 and not len(found.network)
    masses = before.get_masses()[:, None]
    for atoms in found.members:
        whole = found.positions[atoms]
        # The source leaves a molecule in one piece, around its first atom.
        apart = [np.linalg.norm(one[:, None] - one[None], axis=-1) for one in (whole, after.positions[atoms])]
        np.testing.assert_allclose(apart[0], apart[1], atol=1e-10)
        centers = [(masses[atoms] * one).sum(axis=0) / masses[atoms].sum() for one in (whole, after.positions[atoms])]
        np.testing.assert_allclose(centers[1], edge * centers[0], atol=1e-10)


@given(st.lists(st.integers(-2, 2), min_size=243, max_size=243), st.floats(0.7, 1.4))
@PLAIN
def test_wrapping_changes_nothing(tmp_path: Path, cells: list[int], volume: float) -> None:
    box = water_box()
    moved = box.copy()
    moved.positions += np.reshape(cells, (81, 3)) @ box.cell.array
    found = []
    for name, one in (("as it is", box), ("moved", moved)):
        export_frames(tmp_path / f"{name}.extxyz", [one], overwrite=True)
        found.append(made("volume-scan", file=str(tmp_path / f"{name}.extxyz"), volumes=[volume]).make(0, 1))
    assert_same_place(*found)


def test_a_network_scales_by_its_atoms(tmp_path: Path) -> None:
    crystal = bulk("NaCl", "rocksalt", 5.64, cubic=True)
    crystal.rattle(0.1, seed=1)
    export_frames(tmp_path / "salt.extxyz", [crystal])
    after = made("volume-scan", file=str(tmp_path / "salt.extxyz"), volumes=[1.331]).make(0, 1)
    np.testing.assert_allclose(after.positions, 1.1 * crystal.positions, atol=1e-12)
    assert after.info == {"volume_factor": 1.331, "group": "volume-scan-0"}
    loose = made("volume-scan", file=str(tmp_path / "salt.extxyz"), volumes=[1.331], unbonded=["Na", "Cl"]).make(0, 1)
    np.testing.assert_allclose(loose.positions, after.positions, atol=1e-12)  # an atom alone is its own center


def test_without_rigid_molecules_every_atom_scales(water: Path) -> None:
    after = made("volume-scan", file=str(water), lengths=[0.9], rigid=False).make(0, 1)
    np.testing.assert_allclose(after.positions, 0.9 * water_box().positions, atol=1e-12)


def test_it_has_each_structure_at_each_volume_once(tmp_path: Path) -> None:
    crystals = [bulk("Ar", a=5.3), bulk("Ne", a=4.4), bulk("Ar", a=5.3)]
    export_frames(tmp_path / "two.extxyz", crystals)
    grid = {"first": 0.9, "last": 1.1, "points": 5}
    scan = made("volume-scan", file=str(tmp_path / "two.extxyz"), volumes=grid)
    frames = [scan.make(index, 1) for index in range(scan.count or 0)]
    assert [str(frame.symbols) for frame in frames] == ["Ar"] * 5 + ["Ne"] * 5
    shares = [frame.info["volume_factor"] for frame in frames]
    np.testing.assert_allclose(shares, [0.9, 0.95, 1.0, 1.05, 1.1] * 2)
    with pytest.raises(InputError, match=r"^there is no structure 10\. The source has 10, the first is 0$"):
        scan.make(10, 1)


def test_wrong_requests_are_one_line(tmp_path: Path, water: Path) -> None:
    for options in ({}, {"volumes": [1.0], "lengths": [1.0]}):
        with pytest.raises(OptionsError, match="give either `volumes` or `lengths`"):
            made("volume-scan", file=str(water), **options)
    with pytest.raises(OptionsError, match="greater than 0"):
        made("volume-scan", file=str(water), volumes=[0.0])
    with pytest.raises(OptionsError, match="unbonded: 'Lithium' is no chemical symbol"):
        made("volume-scan", file=str(water), volumes=[1.0], unbonded=["Lithium"])
    export_frames(tmp_path / "one.xyz", [molecule("H2O")])
    with pytest.raises(InputError) as caught:
        made("volume-scan", file=str(tmp_path / "one.xyz"), volumes=[1.0]).make(0, 1)
    what = "structure 1 is not periodic in all three directions: it has no volume to scan"
    assert str(caught.value) == f"{tmp_path / 'one.xyz'}: {what}"


def test_a_folder_enters_by_what_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "crystals"
    (folder / "metals").mkdir(parents=True)
    bulk("Ar", a=5.3).write(folder / "argon.cif")
    bulk("Cu", a=3.6).write(folder / "metals" / "POSCAR", format="vasp")

    def resolved(folder: Path) -> Component:
        return registry().resolve("structures", Spec("volume-scan", {"file": str(folder), "lengths": [0.95, 1.05]}))

    component = resolved(folder)
    assert component.options["file"] == "file:structures"
    scan = registry().load(component)
    assert [str(scan.make(index, 1).symbols) for index in range(scan.count)] == ["Ar", "Ar", "Cu", "Cu"]
    moved = folder.rename(tmp_path / "elsewhere")
    assert resolved(moved).key == component.key
    (moved / "metals" / "POSCAR").unlink()
    assert resolved(moved).key != component.key
