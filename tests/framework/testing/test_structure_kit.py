"""The kit's checks of structure sources: each fails for the source that it is meant to find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT

from whet import InputError, StructureSource
from whet.plugins.registry import registry
from whet.testing import check_structures

Make = Callable[[Any, int, int], Atoms]


@pytest.fixture
def source(toy: None) -> type[StructureSource]:
    return registry().find("structures", "toy")


def failed(*only: str) -> set[str]:
    return {outcome.check for outcome in check_structures("toy", only=only).failed}


def test_a_good_source_passes(source: type[StructureSource]) -> None:
    found = check_structures("toy")
    found.raise_for_failures()
    assert [one.check for one in found.outcomes if one.status != "passed"] == ["structures_end_where_it_says"]


def test_faults_are_found(source: type[StructureSource], monkeypatch: pytest.MonkeyPatch) -> None:
    good = source.make
    shared = np.random.default_rng(0)

    def flat(self: Any, index: int, seed: int) -> Atoms:
        made = good(self, index, seed)
        made.set_cell(made.cell.array[[0, 1, 1]])
        return made

    def labeled(self: Any, index: int, seed: int) -> Atoms:
        made = good(self, index, seed)
        made.calc = EMT()
        return made

    def by_order(self: Any, index: int, seed: int) -> Atoms:
        made = good(self, index, seed)
        made.positions += shared.normal(scale=0.01, size=made.positions.shape)
        return made

    def elsewhere(self: Any, index: int, seed: int) -> Atoms:
        return good(self, index, seed + 1)  # a fresh interpreter has the good one

    def over_again(self: Any, index: int, seed: int) -> Atoms:
        return good(self, index % 2, seed)

    def greedy(self: Any, index: int, seed: int) -> Atoms:
        np.random.random()  # noqa: NPY002
        return good(self, index, seed)

    wrong: dict[str, Make] = {
        "structures_are_frames": flat,
        "same_index_and_seed_same_structure": by_order,
        "another_process_makes_the_same": elsewhere,
        "another_index_is_another_structure": over_again,
        "random_numbers_of_others_stay": greedy,
    }
    for check, make in wrong.items():
        monkeypatch.setattr(source, "make", make)
        assert failed(check) == {check}
    monkeypatch.setattr(source, "make", labeled)
    assert failed("structures_are_frames")


def test_a_source_ends_where_it_says(source: type[StructureSource], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "count", 3)
    assert failed("structures_end_where_it_says")
    good = source.make

    def ending(self: Any, index: int, seed: int) -> Atoms:
        if not 0 <= index < 3:
            raise InputError("there are 3 structures")
        return good(self, index, seed)

    monkeypatch.setattr(source, "make", ending)
    assert not failed("structures_end_where_it_says", "another_index_is_another_structure")
