"""Orientation: LAMMPS wants the cell's first vector along x and the second in the xy plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ase.cell import Cell

if TYPE_CHECKING:
    from ase import Atoms

ROOM = 10.0
"""Å around the atoms along directions that are not periodic; LAMMPS lets its box grow with them."""

VOIGT = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
"""LAMMPS's order of the six independent components of a tensor."""


class Orientation:
    """The turn between a structure as it was given and as LAMMPS has it.

    turn: (3, 3) orthogonal: vectors of LAMMPS are vectors of the structure times it. box: (3, 3) Å, rows are the
    cell vectors of LAMMPS, lower triangular with a positive diagonal. origin: (3,) Å.
    """

    def __init__(self, atoms: Atoms) -> None:
        periodic = Cell(np.where(atoms.pbc[:, None], atoms.cell.array, 0.0))
        q, r = np.linalg.qr(periodic.complete().array.T)
        signs = np.where(np.diag(r) < 0, -1.0, 1.0)
        self.turn = q * signs
        self.box = (r * signs[:, None]).T + 0.0
        self.origin = np.zeros(3)
        inside = atoms.positions @ self.turn
        for axis in np.flatnonzero(~atoms.pbc):
            self.origin[axis] = inside[:, axis].min() - ROOM
            self.box[axis] = 0.0
            self.box[axis, axis] = np.ptp(inside[:, axis]) + 2 * ROOM

    def vectors(self, given: np.ndarray) -> np.ndarray:
        """(n, 3) vectors of the structure as LAMMPS has them."""
        return given @ self.turn

    def back(self, vectors: np.ndarray) -> np.ndarray:
        """(n, 3) vectors of LAMMPS as the structure has them."""
        return vectors @ self.turn.T

    def tensor(self, given: np.ndarray) -> np.ndarray:
        """A (3, 3) tensor of the structure as LAMMPS has it."""
        return self.turn.T @ given @ self.turn
