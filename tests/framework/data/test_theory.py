"""Levels of theory: what is chosen by element moves only the frames that have the element."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from whet import LevelOfTheory

PLAIN = LevelOfTheory("PBE", "code", settings={"cutoff": 500})
POTENTIALS = {"Li": "Li_sv", "Cl": "Cl", "Fe": "Fe_pv", "O": "O"}
WHOLE = replace(PLAIN, hubbard_u={"Fe": 4.0}, by_element={"pseudopotentials": POTENTIALS, "magmoms": {"Fe": 5.0}})

subsets = st.lists(st.sampled_from(sorted(POTENTIALS)), min_size=1)


def test_a_theory_that_chooses_nothing_by_element_is_itself() -> None:
    assert PLAIN.of(["Li", "Cl"]) is PLAIN and PLAIN.covers(PLAIN)
    assert not WHOLE.covers(PLAIN) and not replace(PLAIN, hubbard_u={"Fe": 4.0}).covers(PLAIN)
    assert "elements" not in PLAIN.as_json() and "by_element" not in PLAIN.as_json()


def test_another_element_moves_no_label() -> None:
    less = replace(WHOLE, hubbard_u={}, by_element={"pseudopotentials": {"Li": "Li_sv", "Cl": "Cl"}})
    assert less.fingerprint != WHOLE.fingerprint
    assert less.of(["Li", "Cl", "Li"]).fingerprint == WHOLE.of(["Cl", "Li"]).fingerprint
    for changed in (
        {"hubbard_u": {}},
        {"by_element": {"pseudopotentials": POTENTIALS | {"Fe": "Fe"}}},
        {"method": "SCAN"},
    ):
        other = replace(WHOLE, **changed)
        assert other.of(["Fe", "O"]).fingerprint != WHOLE.of(["Fe", "O"]).fingerprint


@given(subsets, subsets)
def test_parts_of_one_theory_are_joined(first: list[str], second: list[str]) -> None:
    one, other = WHOLE.of(first), WHOLE.of(second)
    assert WHOLE.covers(one) and one.of(first) == one
    joined = one.joined(other)
    assert joined is not None and joined.fingerprint == WHOLE.of([*first, *second]).fingerprint
    assert LevelOfTheory.from_json(joined.as_json()).fingerprint == joined.fingerprint


def test_theories_that_contradict_each_other_are_not() -> None:
    salt = WHOLE.of(["Li", "Cl"])
    for other in (
        replace(WHOLE, by_element={"pseudopotentials": POTENTIALS | {"Li": "Li"}}).of(["Li"]),
        replace(WHOLE, settings={"cutoff": 600}).of(["O"]),
    ):
        assert salt.joined(other) is None
    without_u = replace(WHOLE, hubbard_u={}).of(["Fe", "O"])
    assert without_u.joined(WHOLE.of(["Fe"])) is None
    assert without_u.joined(WHOLE.of(["O"])) is not None
