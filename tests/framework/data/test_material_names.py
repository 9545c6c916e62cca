"""Names of materials: said or from formulas; no two are alike."""

from __future__ import annotations

from ase import Atoms
from ase.build import bulk
from hypothesis import given
from hypothesis import strategies as st

from whet.data.material_names import material_names


def named(**info: object) -> Atoms:
    atoms = bulk("NaCl", "rocksalt", 5.6)
    atoms.info.update(info)
    return atoms


def test_a_material_is_called_as_it_says_or_by_its_formula() -> None:
    frames = [named(material="halite"), named(name="salt"), named(mp_id=22862), bulk("NaCl", "rocksalt", 5.6) * 2]
    assert material_names(frames) == ["halite", "salt", "22862", "NaCl"]


def test_those_of_one_name_are_numbered() -> None:
    assert material_names([named(), bulk("Si"), named()]) == ["NaCl 1", "Si", "NaCl 2"]


@given(st.lists(st.sampled_from(["NaCl", "NaCl 1", "NaCl 2", "", "a\nb"]), max_size=8))
def test_no_two_are_alike(said: list[str]) -> None:
    names = material_names([named(name=name) for name in said])
    assert len(set(names)) == len(names) == len(said)
    assert all(name.isprintable() and name for name in names)
