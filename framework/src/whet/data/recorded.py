"""Recorded: a labeled frame that came from outside, with the place where it stood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.data.labels import Failure, Labels

if TYPE_CHECKING:
    from ase import Atoms

    from whet.data.theory import LevelOfTheory


@dataclass(frozen=True, eq=False)
class Recorded:
    """One frame of a file or of a calculation.

    place: file with line, frame or ionic step, as an error names it. frame: the structure, without labels; None where
    it could not be read. answer: its labels, or why there are none. theory: where the source states it. note: what a
    reader of the labels should know.
    """

    place: str
    frame: Atoms | None
    answer: Labels | Failure
    theory: LevelOfTheory | None = None
    note: str = ""
