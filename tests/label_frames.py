"""A frame and a level of theory, for tests of label stores."""

from __future__ import annotations

from ase import Atoms

from whet import LevelOfTheory

THEORY = LevelOfTheory("PBE", code="test", settings={"cutoff": 520.0})


def frame(x: float = 0.0) -> Atoms:
    return Atoms("Ar2", [[x, 0, 0], [2, 0, 0]], cell=[5, 5, 5], pbc=True)
