"""A label store that an earlier version filled: every label is read, found again, and exported; none is bought twice.

`store_of_format_1` was made by the last version that kept labels as NumPy archives, in SQLite's WAL mode: labels of the
toy labeler, and of GFN1-xTB by tblite, with what makes frames differ besides their atoms (charge, multiplicity, initial
moments). `labels.json` beside it says what was put, digit for digit.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from whet import Failure, Labeler, Labels, LevelOfTheory, frame_key
from whet.labels.label_export import export_labels
from whet.labels.label_store import LabelStore
from whet.labels.stored_labeler import StoredLabeler
from whet.plugins.frame_files import read_labeled

MADE = Path(__file__).with_name("store_of_format_1")
PUT: list[dict[str, Any]] = json.loads((MADE / "labels.json").read_text(encoding="utf-8"))


def frame_of(put: dict[str, Any]) -> Atoms:
    atoms = Atoms(put["numbers"], positions=put["positions"], cell=put["cell"], pbc=put["pbc"], info=dict(put["info"]))
    if any(put["initial_magmoms"]):
        atoms.set_initial_magnetic_moments(put["initial_magmoms"])
    return atoms


def same(labels: Labels | Failure | None, put: dict[str, Any]) -> bool:
    assert isinstance(labels, Labels)
    stress = None if labels.stress is None else np.asarray(labels.stress).tolist()
    extra = {name: np.asarray(value).tolist() for name, value in labels.extra.items()}
    kept = (labels.energy, np.asarray(labels.forces).tolist(), stress, extra)
    return kept == (put["energy"], put["forces"], put["stress"], put["extra"])


class Closed(Labeler):
    """Has a theory, and computes nothing."""

    name = "closed"

    def __init__(self, theory: LevelOfTheory) -> None:
        super().__init__(None)
        self._theory = theory

    @property
    def theory(self) -> LevelOfTheory:
        return self._theory

    def label(self, frames: Sequence[Atoms], folder: Path) -> Iterator[Labels | Failure]:
        raise AssertionError(f"{len(frames)} labels would be bought again")


@pytest.fixture
def store(tmp_path: Path) -> LabelStore:
    shutil.copy(MADE / "labels.sqlite", tmp_path)
    return LabelStore(tmp_path / "labels.sqlite")


def by_theory() -> list[tuple[LevelOfTheory, list[dict[str, Any]]]]:
    theories = {json.dumps(put["theory"], sort_keys=True): LevelOfTheory.from_json(put["theory"]) for put in PUT}
    return [(theory, [put for put in PUT if put["theory"] == theory.as_json()]) for theory in theories.values()]


def test_every_label_is_read_bit_for_bit(store: LabelStore) -> None:
    assert sorted(count for _, count in store.counts()) == [3, 5]
    for put in PUT:
        assert frame_key(frame_of(put)) == put["key"]
        assert same(store.get(frame_of(put), LevelOfTheory.from_json(put["theory"])), put)
    for theory, put in by_theory():
        found = {frame_key(record.frame): record for record in store.recorded(theory) if record.frame is not None}
        assert set(found) == {one["key"] for one in put}
        for one in put:
            assert same(found[one["key"]].answer, one)
            record = found[one["key"]].frame
            assert record is not None and record.info == one["info"]


def test_no_label_is_bought_again(store: LabelStore, tmp_path: Path) -> None:
    for theory, put in by_theory():
        labeler = StoredLabeler(Closed(theory), store, tmp_path)
        for answer, one in zip(labeler.labels([frame_of(one) for one in put]), put, strict=True):
            assert same(answer, one)
        assert labeler.bought == 0


def test_new_labels_lie_beside_them(store: LabelStore) -> None:
    theory, put = by_theory()[0]
    fresh = frame_of(put[0])
    fresh.positions += 0.01
    store.put(fresh, theory, Labels(1.0, np.zeros((2, 3))))
    assert store.put_many([(frame_of(put[0]), Labels(2.0, np.zeros((2, 3))))], theory)[0] is not None
    assert len(list(store.frames(theory))) == len(put) + 1
    assert same(store.get(frame_of(put[0]), theory), put[0])


def test_they_are_exported(store: LabelStore, tmp_path: Path) -> None:
    for theory, put in by_theory():
        out = tmp_path / f"{theory.method}.extxyz"
        assert export_labels(store, theory, out).frames == len(put)
        written = {frame_key(atoms): Labels.of(atoms) for atoms in read_labeled(out)}
        for one in put:
            labels = written[one["key"]]
            assert (labels.energy, labels.forces.tolist()) == (one["energy"], one["forces"])


def test_the_labelers_have_the_theories_that_they_had() -> None:
    """Else they would not find their labels, which are there."""
    pytest.importorskip("tblite")
    from whet.contracts.component import Spec
    from whet.plugins.registry import registry

    labeler = registry().load(registry().resolve("labelers", Spec("tblite")))
    assert labeler.theory.as_json() in [put["theory"] for put in PUT]
