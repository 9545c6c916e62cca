"""A labeler behind the label store: nothing twice, in order, several at a time, stored before it is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from whet import Failure, Labeler, Labels, LevelOfTheory
from whet.labels.label_store import LabelStore
from whet.labels.stored_labeler import StoredLabeler


class Meter(Labeler):
    """Energy = x of the atom; beyond 9 it fails. Remembers what it was asked, and what was kept meanwhile."""

    name = "meter"

    def __init__(self, label_store: LabelStore) -> None:
        super().__init__(None)
        self.labels, self.asked, self.stored = label_store, [], []

    @property
    def theory(self) -> LevelOfTheory:
        return LevelOfTheory("meter")

    def label(self, frames: Sequence[Atoms], folder: Path) -> Iterator[Labels | Failure]:
        for frame in frames:
            x = float(frame.positions[0, 0])
            self.asked.append(x)
            yield Failure("too far") if x > 9 else Labels(x, np.zeros((1, 3)))
            self.stored.append(len(self.labels.keys(self.theory)))


def at(*places: float) -> list[Atoms]:
    return [Atoms("H", positions=[[x, 0, 0]]) for x in places]


def said(answers: Iterator[Labels | Failure]) -> list[float | str]:
    return [answer.reason if isinstance(answer, Failure) else answer.energy for answer in answers]


def test_each_frame_is_bought_once_and_stored_before_it_is_given(tmp_path: Path) -> None:
    label_store = LabelStore(tmp_path / "labels.sqlite")
    meter = Meter(label_store)
    stored = StoredLabeler(meter, label_store, tmp_path)
    assert stored.label(at(2)[0]).energy == 2  # pyright: ignore[reportAttributeAccessIssue]
    wanted = at(1, 2, 10, 1, 10, 3)
    assert said(stored.labels(wanted)) == [1, 2, "too far", 1, "too far", 3]
    assert meter.asked == [2, 1, 10, 3]
    assert meter.stored == [1, 2, 2, 3]  # when the labeler goes on, its last answer is safe
    assert stored.bought == 3
    assert said(stored.labels(wanted)) == [1, 2, "too far", 1, "too far", 3]
    assert meter.asked[4:] == [10]  # a failure is tried again
