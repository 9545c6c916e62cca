"""Rattled and strained copies: drawn whatever the energy, never too close, the same for the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from ase.build import bulk, fcc111, molecule
from ase.neighborlist import neighbor_list
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from made_structures import assert_same_place, made, water_box
from whet import FrameError, FrameSet, InputError, Spec, export_frames, frame_key
from whet.bias.pairs import Comparison
from whet.bias.sampler import samplers_of
from whet.contracts.ports import Predictions
from whet.contracts.ref import Ref
from whet.data.errors import OptionsError
from whet.data.labels import Labels
from whet.plugins.registry import registry
from whet.testing import check_structures

PLAIN = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def salt(tmp_path: Path) -> Path:
    path = tmp_path / "salt.extxyz"
    export_frames(path, [bulk("NaCl", "rocksalt", 5.64, cubic=True)])
    return path


@pytest.fixture
def water(tmp_path: Path) -> Path:
    path = tmp_path / "water.extxyz"
    export_frames(path, [water_box(count=2)])
    return path


def test_the_conformance_kit(salt: Path) -> None:
    given = {"use": "rattled", "file": str(salt), "displacement": 0.3, "strain": 0.03, "min_distance": 2.0}
    assert check_structures(given).ok


@given(st.floats(0.01, 0.6), st.floats(0.005, 0.1), st.floats(1.0, 2.3), st.integers(0, 10**6))
@PLAIN
def test_the_least_distance_is_always_kept(salt: Path, far: float, strain: float, least: float, seed: int) -> None:
    """Held against all distances within two cells, not against the neighbor list that the source uses."""
    atoms = made("rattled", file=str(salt), displacement=far, strain=strain, min_distance=least).make(seed % 7, seed)
    images = atoms.repeat((3, 3, 3))
    apart = images.get_all_distances()
    assert apart[np.triu_indices(len(images), 1)].min() >= least


def test_each_pair_of_elements_has_its_own(water: Path) -> None:
    least = {"H-O": 0.85, "O-O": 2.4, "H-H": 1.2}
    rattled = made("rattled", file=str(water), displacement=0.12, min_distance=least)
    broken = 0
    for index in range(5):
        atoms = rattled.make(index, 1)
        free = made("rattled", file=str(water), displacement=0.12).make(index, 1)
        for first, second in combinations_with_replacement("HO", 2):
            limit = least[f"{first}-{second}"]
            assert not len(neighbor_list("d", atoms, {(first, second): limit - 1e-12}))
            broken += len(neighbor_list("d", free, {(first, second): limit}))
    assert broken  # without the option some are closer


def test_what_cannot_be_kept_is_one_line(salt: Path) -> None:
    with pytest.raises(FrameError) as caught:
        made("rattled", file=str(salt), displacement=0.1, strain=0.01, min_distance=3.5).make(0, 1)
    said = str(caught.value)
    assert said.startswith(
        f"{salt}: no draw keeps the atoms of structure 1 apart as `min_distance` says: Cl and Na come"
    )
    assert said.endswith("Lower `displacement` and `strain`, or `min_distance`") and "\n" not in said


@given(st.integers(0, 2**31), st.integers(0, 10**6))
@PLAIN
def test_seed_and_index_decide_everything(salt: Path, seed: int, index: int) -> None:
    options = {"file": str(salt), "displacement": 0.3, "strain": 0.02, "min_distance": 2.0}
    one, same = (made("rattled", **options).make(index, seed) for _ in range(2))
    assert frame_key(one) == frame_key(same)
    assert frame_key(made("rattled", **options).make(index + 1, seed)) != frame_key(one)
    assert frame_key(made("rattled", **options).make(index, seed + 1)) != frame_key(one)


def test_copies_without_the_new_options_are_those_of_before(salt: Path) -> None:
    """Their keys and their numbers: studies are stored by them."""
    atoms = made("rattled", file=str(salt), repeat=[2, 1, 1], displacement=0.07).make(3, 5)
    wanted = ase.io.read(salt).repeat((2, 1, 1))  # pyright: ignore[reportAttributeAccessIssue]
    moved = np.random.default_rng([5, 3]).normal(scale=0.07, size=(len(wanted), 3))
    masses = wanted.get_masses()[:, None]
    wanted.positions += moved - (masses * moved).sum(axis=0) / masses.sum()
    np.testing.assert_array_equal(atoms.positions, wanted.positions)
    component = registry().resolve("structures", Spec("rattled", {"file": str(salt)}))
    assert component.options == {"file": "file:structures", "repeat": [1, 1, 1], "displacement": 0.05}
    assert component.result_version == 1


def test_strains_have_the_width_that_was_asked_for(salt: Path) -> None:
    strained = made("rattled", file=str(salt), displacement=0, strain=0.02)
    before = np.linalg.inv(ase.io.read(salt).cell.array)  # pyright: ignore[reportAttributeAccessIssue]
    strains = np.array([before @ strained.make(index, 1).cell.array - np.eye(3) for index in range(400)])
    np.testing.assert_allclose(strains, strains.transpose(0, 2, 1), atol=1e-12)  # no rotation
    components = np.array([strain[np.triu_indices(3)] for strain in strains])
    np.testing.assert_allclose(components.std(axis=0), 0.02, rtol=0.12)
    np.testing.assert_allclose(components.mean(axis=0), 0, atol=0.004)
    off = np.corrcoef(components.T)[np.triu_indices(6, 1)]
    assert abs(off).max() < 0.2  # and independent of each other
    fractional = strained.make(0, 1).get_scaled_positions()
    np.testing.assert_allclose(fractional, ase.io.read(salt).get_scaled_positions(), atol=1e-12)  # pyright: ignore


def test_a_slab_is_strained_in_its_plane_alone(tmp_path: Path) -> None:
    slab = fcc111("Al", (2, 2, 3), vacuum=6.0)
    slab.pbc = [True, True, False]
    export_frames(tmp_path / "slab.extxyz", [slab])
    strained = made("rattled", file=str(tmp_path / "slab.extxyz"), displacement=0, strain=0.05).make(0, 1)
    np.testing.assert_allclose(strained.positions[:, 2], slab.positions[:, 2], atol=1e-12)
    np.testing.assert_allclose(strained.cell.array[2], slab.cell.array[2], atol=1e-12)
    assert abs(strained.cell.array[:2] - slab.cell.array[:2]).max() > 0.05


def test_a_molecule_has_no_strain(tmp_path: Path) -> None:
    export_frames(tmp_path / "water.xyz", [molecule("H2O")])
    with pytest.raises(InputError) as caught:
        made("rattled", file=str(tmp_path / "water.xyz"), strain=0.02).make(0, 1)
    wanted = "water.xyz: `strain` of structure 1, which is periodic in no direction. Leave `strain` out"
    assert str(caught.value).endswith(wanted)


@given(st.lists(st.integers(-2, 2), min_size=24, max_size=24))
@PLAIN
def test_wrapping_changes_nothing(tmp_path: Path, cells: list[int]) -> None:
    crystal = bulk("NaCl", "rocksalt", 5.64, cubic=True)
    moved = crystal.copy()
    moved.positions += np.reshape(cells, (8, 3)) @ crystal.cell.array
    found = []
    for name, one in (("as it is", crystal), ("moved", moved)):
        export_frames(tmp_path / f"{name}.extxyz", [one], overwrite=True)
        options = {"displacement": 0.3, "strain": 0.03, "min_distance": 2.0}
        found.append(made("rattled", file=str(tmp_path / f"{name}.extxyz"), **options).make(2, 3))
    assert_same_place(*found)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"displacement": 0}, "with a `displacement` of 0 and no `strain` every copy is the same structure"),
        ({"strain": 0.2}, "strain: should be less than or equal to 0.15"),
        ({"min_distance": {"Na-Xx": 2.0}}, "min_distance: 'Na-Xx' is no pair of elements; write H-O"),
        ({"min_distance": {"Na": 2.0}}, "min_distance: 'Na' is no pair of elements; write H-O"),
        ({"min_distance": -1}, "greater than 0"),
    ],
)
def test_wrong_options_are_refused(salt: Path, options: Mapping[str, Any], what: str) -> None:
    with pytest.raises(OptionsError) as caught:
        made("rattled", file=str(salt), **options)
    assert what in str(caught.value).replace("Input should be", "should be") and "\n" not in str(caught.value)


def test_frames_say_who_sampled_them_and_that_each_stands_alone(tmp_path: Path) -> None:
    crystal = bulk("NaCl", "rocksalt", 5.64, cubic=True)
    crystal.info |= {"sampled_by": "reference", "trajectory": "md-1", "time": 3.0, "material": "salt"}
    export_frames(tmp_path / "salt.extxyz", [crystal])
    frames = [made("rattled", file=str(tmp_path / "salt.extxyz")).make(index, 1) for index in range(3)]
    assert frames[2].info == {"sampled_by": "rattle", "group": "rattled-1-2", "material": "salt"}
    labeled = [Labels(0.0, frame.positions).attach(frame) for frame in frames]
    found = Predictions(Ref("p").on(Ref(set="rattled")), FrameSet(labeled), FrameSet(labeled), range(3), [], [0] * 3)
    assert samplers_of(found) == ["rattle"] * 3
    assert Comparison.of_predictions(found).units_of == "groups"


def test_the_slope_is_a_curvature_ratio_whatever_the_random_errors(tmp_path: Path) -> None:
    """Springs of 0.8 times the stiffness, minima displaced by 0.06 Å, and noise: s has the 0.8, 1/b has not."""
    crystal = bulk("NaCl", "rocksalt", 5.64, cubic=True)
    export_frames(tmp_path / "salt.extxyz", [crystal])
    rattled = made("rattled", file=str(tmp_path / "salt.extxyz"), displacement=0.06)
    random = np.random.default_rng(2)
    off = random.normal(scale=0.06, size=(8, 3))
    moved = np.array([rattled.make(index, 1).positions - crystal.positions for index in range(600)])
    reference, predicted = -moved, -0.8 * (moved - off) + random.normal(scale=0.02, size=moved.shape)
    products = (predicted * reference).sum(), (reference**2).sum(), (predicted**2).sum()
    slope, inverse = products[0] / products[1], products[0] / products[2]
    assert slope == pytest.approx(0.8, abs=0.02)
    assert 1 / inverse > 1.3
