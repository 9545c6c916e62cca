"""StructureSplit: which starting structures are for what. No structure is ever used for two purposes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

OWN = "own trajectories"
TRAINING = "training"

RESERVED = 100_000
"""Structures of a plugin from this number on are for test sets and own trajectories, so many for each purpose."""


@dataclass(frozen=True)
class StructureSplit:
    """wanted: purpose (`TRAINING`, names of test sets, `OWN`) -> how many structures it takes, in the order of use."""

    wanted: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many structures there must be."""
        return sum(self.wanted.values())

    def in_source(self, purpose: str, number: int) -> int:
        """The number, of a plugin that makes as many as are wanted, of a purpose's structure."""
        if purpose == TRAINING:
            return number
        if purpose == OWN:
            return RESERVED * 50 + number
        tests = [name for name in self.wanted if name not in (TRAINING, OWN)]
        place = tests.index(purpose) + 1
        return RESERVED * (place if place < 50 else place + 1) + number

    def in_file(self, purpose: str, number: int, count: int) -> int:
        """The place, in a file of `count` structures, of a purpose's structure.

        Training takes from the front and all others from the back, so that a longer training moves no test.
        """
        if purpose == TRAINING:
            return number
        after = 0
        for name in [OWN, *(name for name in self.wanted if name not in (TRAINING, OWN))]:
            if name == purpose:
                break
            after += self.wanted.get(name, 0)
        return count - 1 - after - number
