"""Energies are doubted exactly outside of the span of the fitted compositions, and only they."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from whet import FrameSet, Labels, ReferenceEnergies, UndeterminedEnergy
from whet.contracts.component import Component
from whet.contracts.energy_span import EnergySpan, energy_doubts
from whet.testing.lennard_jones import LennardJones


def frame(**counts: int) -> Atoms:
    """Atoms on a line, far from each other."""
    symbols = [symbol for symbol, count in counts.items() for _ in range(count)]
    return Atoms(symbols, [[8.0 * place, 0, 0] for place in range(len(symbols))])


def fitted(*frames: Atoms) -> LennardJones:
    """A potential whose reference energies were fitted on these compositions."""
    found = ReferenceEnergies.fit(FrameSet(frames), [1.0] * len(frames), [0.0] * len(frames))
    potential = LennardJones()
    potential.energy_shift, potential.energy_span = found.shift, found.span
    return potential


def warned(potential: LennardJones, *frames: Atoms) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        list(potential.evaluate(frames, ("energy", "forces")))
    return [str(one.message) for one in caught if issubclass(one.category, UndeterminedEnergy)]


SALTS = (frame(Li=1, Cl=1), frame(Li=2, O=1))


def test_inside_of_the_span_nothing_is_said() -> None:
    inside = [*SALTS, frame(Li=20, Cl=20), frame(Li=3, Cl=1, O=1), frame(Li=13, Cl=9, O=2)]
    assert not warned(fitted(*SALTS), *inside)


@pytest.mark.parametrize("outside", [frame(Li=1), frame(Li=3, Cl=2, O=1), frame(Cl=1, O=1), frame(Li=500, Cl=499)])
def test_outside_one_sentence_says_why(outside: Atoms) -> None:
    (said,) = warned(fitted(*SALTS), outside)
    formula = outside.symbols.formula.reduce()[0].convert("hill")
    assert said.startswith(f"the energy of {formula} cannot be compared with that of other compositions: ")
    assert "fitted with rank 2 for 3 elements (Cl, Li, O)" in said
    assert "(ClLi, Li2O)" in said
    assert said.endswith("forces and stress are not affected")


def test_each_composition_is_told_once() -> None:
    potential = fitted(*SALTS)
    assert len(warned(potential, frame(Li=1), frame(Li=4), frame(Cl=1), frame(Li=1))) == 2
    assert not warned(potential, frame(Li=1))


def test_an_element_that_was_not_fitted_is_outside_whatever_the_rank() -> None:
    potential = fitted(frame(Li=1), frame(Li=1, Cl=1))
    assert not warned(potential, frame(Li=3, Cl=2))
    (said,) = warned(potential, frame(Li=1, Na=1))
    assert "rank 2 for 2 elements (Cl, Li), and there is none for Na" in said


def test_a_potential_that_was_not_shifted_is_never_doubted() -> None:
    assert not warned(LennardJones(), frame(Li=1, Na=1))


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_exactly_the_combinations_are_inside(data: st.DataObject) -> None:
    """Against exact arithmetic: a composition is inside where it does not raise the rank of the fitted ones."""
    elements = ("Ar", "He", "Kr", "Ne")
    row = st.lists(st.integers(0, 6), min_size=4, max_size=4).filter(any)
    fitted_on = data.draw(st.lists(row, min_size=1, max_size=4))
    asked = data.draw(row | st.lists(st.integers(0, 3), min_size=len(fitted_on), max_size=len(fitted_on)).filter(any))
    if len(asked) == len(fitted_on) and len(fitted_on) != 4:
        asked = [sum(c * one[place] for c, one in zip(asked, fitted_on, strict=True)) for place in range(4)]

    def made(counts: Sequence[int]) -> Atoms:
        return frame(**dict(zip(elements, counts, strict=True)))

    present = tuple(e for e, *counts in zip(elements, *fitted_on, strict=True) if any(counts))
    span = EnergySpan.of(map(made, fitted_on), present)
    is_inside = np.linalg.matrix_rank(np.array(fitted_on)) == np.linalg.matrix_rank(np.array([*fitted_on, asked]))
    assert span.rank == np.linalg.matrix_rank(np.array(fitted_on))
    assert bool(span.doubt(made(asked))) != is_inside


def test_the_span_travels_with_the_component_and_moves_no_key() -> None:
    plain = Component("potentials", "toy", energy_shift={"Li": 1.0, "Cl": 2.0})
    spanned = replace(plain, energy_span=("ClLi",))
    assert spanned.key == plain.key
    assert Component.from_json(spanned.as_json()) == spanned
    assert "energy_span" not in plain.as_json()


def test_parts_are_asked_too_and_the_same_is_said_once() -> None:
    """As of a committee's members, and of the teacher of a labeler."""
    whole = LennardJones()
    whole.parts = {"potential-1": fitted(*SALTS), "potential-2": fitted(*SALTS)}
    assert len(list(energy_doubts(whole, frame(Li=1)))) == 1
    assert not list(energy_doubts(whole, frame(Li=1, Cl=1)))


def test_forces_are_what_they_are_without_a_shift() -> None:
    pair = Atoms("LiCl", [[0, 0, 0], [3.6, 0, 0]])
    potential = fitted(frame(Li=1, Cl=2))
    with pytest.warns(UndeterminedEnergy):
        (shifted,) = potential.evaluate([pair], ("energy", "forces"))
    (plain,) = LennardJones().evaluate([pair], ("energy", "forces"))
    assert isinstance(shifted, Labels)
    np.testing.assert_array_equal(shifted.forces, plain.forces)
