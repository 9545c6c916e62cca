"""Theories in the label store: found by name, and one where they differ for elements that a frame lacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from label_frames import THEORY, frame
from whet import InputError, Labels, LevelOfTheory, UnknownName
from whet.labels.label_store import LabelStore


def test_a_theory_is_found_by_its_name_or_fingerprint(tmp_path: Path) -> None:
    label_store = LabelStore(tmp_path / "labels.sqlite")
    others = [LevelOfTheory("r2SCAN", code="VASP"), LevelOfTheory("PBE", code="other")]
    for theory in (THEORY, *others):
        label_store.put(frame(), theory, Labels(1.0, np.zeros((2, 3))))
    assert label_store.theory("r2SCAN") == others[0]
    assert label_store.theory("PBE (other)") == others[1]
    assert label_store.theory(THEORY.fingerprint[:6]) == THEORY
    with pytest.raises(InputError, match=r"'PBE' is not one level of theory\. Give a fingerprint: ") as caught:
        label_store.theory("PBE")
    assert THEORY.fingerprint[:8] in str(caught.value)
    with pytest.raises(UnknownName, match=r"no labels of a theory 'r2SCAM'\. Did you mean 'r2SCAN'\?"):
        label_store.theory("r2SCAM")


def test_labels_lie_under_what_moves_their_frame(tmp_path: Path) -> None:
    """A theory that learns of one more element finds its labels; one that differs for an element of theirs does not."""
    label_store = LabelStore(tmp_path / "labels.sqlite")
    basis = {"Fe": "f", "O": "o", "Li": "l"}
    first = LevelOfTheory("PBE", code="test", hubbard_u={"Fe": 4.0}, by_element={"basis": basis})
    frames = [Atoms(symbols, positions=np.eye(len(symbols), 3) * 2) for symbols in (["Fe", "O"], ["Li", "O"], ["Li"])]
    label_store.put_many([(atoms, Labels(1.0, np.zeros((len(atoms), 3)))) for atoms in frames], first)
    assert label_store.counts() == [(first.of(basis), 3)]
    assert label_store.theory(first.fingerprint[:8]).fingerprint == first.fingerprint
    assert label_store.theory("PBE+U(Fe 4) (test)") == first.of(basis)
    values = {"Fe": 4.0, "Mn": 5.0}
    more = LevelOfTheory("PBE", "test", hubbard_u=values, by_element={"basis": {**basis, "Mn": "m"}})
    assert more.fingerprint != first.fingerprint
    assert len(label_store.keys(more)) == len(list(label_store.recorded(more))) == 3
    assert [labels is not None for labels in label_store.get_many(frames, more)] == [True] * 3
    other = LevelOfTheory("PBE", "test", hubbard_u={"Fe": 5.0}, by_element=first.by_element)
    assert [labels is not None for labels in label_store.get_many(frames, other)] == [False, True, True]
    plain = LevelOfTheory("PBE", code="test")
    assert [labels is not None for labels in label_store.get_many(frames, plain)] == [False] * 3
    label_store.put(frames[2], plain, Labels(2.0, np.zeros((1, 3))))
    assert sorted(count for _, count in label_store.counts()) == [1, 3]
    assert len(label_store.keys(first)) == 3


def test_parts_of_one_theory_are_listed_together(tmp_path: Path) -> None:
    """Calculations state a theory each, narrowed to their elements."""
    label_store = LabelStore(tmp_path / "labels.sqlite")
    whole = LevelOfTheory("PBE", code="test", by_element={"basis": {"Fe": "f", "O": "o", "Li": "l"}})
    other = LevelOfTheory("PBE", code="test", by_element={"basis": {"Li": "L", "O": "O"}})
    for theory, symbols in ((whole, ["Fe", "O"]), (whole, ["Li", "O"]), (other, ["Li", "O"])):
        atoms = Atoms(symbols, positions=np.eye(len(symbols), 3) * 2)
        label_store.put(atoms, theory.of(symbols), Labels(1.0, np.zeros((len(atoms), 3))))
    assert {theory.elements: count for theory, count in label_store.counts()} == {("Fe", "Li", "O"): 2, ("Li", "O"): 1}
    for theory, count in label_store.counts():
        assert len(label_store.keys(theory)) == len(label_store.frames(theory)) == count


def test_calculations_of_different_elements_are_one_theory(tmp_path: Path) -> None:
    """Also where a labeler knows more elements, and had nothing to compute: the name that it says is known."""
    label_store = LabelStore(tmp_path / "labels.sqlite")
    labeler = LevelOfTheory("PBE", code="test", by_element={"basis": {"Na": "n", "Cl": "c", "K": "k", "O": "o"}})
    for symbols in (["Na", "Cl"], ["K", "Cl"]):
        atoms = Atoms(symbols, positions=np.eye(2, 3) * 2)
        label_store.put(atoms, labeler.of(symbols), Labels(1.0, np.zeros((2, 3))))
    ((joined, count),) = label_store.counts()
    assert count == 2 and joined.elements == ("Cl", "K", "Na")
    label_store.describe(labeler)
    assert len(label_store.keys(label_store.theory(labeler.fingerprint[:8]))) == 2
    assert [theory.elements for theory, _ in label_store.counts()] == [("Cl", "K", "Na")]
