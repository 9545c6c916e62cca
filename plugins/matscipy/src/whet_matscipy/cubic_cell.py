"""cubic_cell: the conventional cell of a cubic crystal, and where it glides by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whet import FrameError

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

SYMPREC = 1e-3
"""Å; how far an atom may be off its place by symmetry."""

Indices = tuple[int, int, int]


@dataclass(frozen=True)
class CubicCell:
    """A cubic crystal. atoms: its conventional cell. translations: (n, 3), in fractions of it, that change nothing.

    usual: plane, direction and share of the direction, where there are usual ones.
    """

    atoms: Atoms
    translations: np.ndarray
    usual: tuple[Indices, Indices, float] | None

    @classmethod
    def of(cls, atoms: Atoms) -> CubicCell:
        """Of any cell of it. FrameError where the material is no cubic crystal, or has magnetic moments."""
        import numpy as np
        import spglib
        from ase import Atoms

        if not atoms.pbc.all():
            raise FrameError("only a crystal, periodic in all three directions, has stacking faults")
        if atoms.get_initial_magnetic_moments().any():
            hint = "Take them out of the file, if the potential needs none"
            raise FrameError("the initial magnetic moments would be lost where the crystal is cut", hint=hint)
        cell: Any = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
        found: Any = spglib.standardize_cell(cell, symprec=SYMPREC)
        if found is None:
            raise FrameError("the symmetry of the crystal cannot be found")
        lattice, places, numbers = found
        edge = lattice[0, 0]
        if not np.allclose(lattice, edge * np.eye(3), atol=SYMPREC):
            raise FrameError("the crystal is not cubic")
        symmetry: Any = spglib.get_symmetry(found, symprec=SYMPREC)
        still = (symmetry["rotations"] == np.eye(3, dtype=int)).all(axis=(1, 2))
        usual = {
            (1, 4): ((1, 1, 1), (1, 1, -2), 1 / 6),  # of the two ways down, the one to the intrinsic fault
            (1, 2): ((1, 1, 0), (1, -1, 1), 1 / 2),
        }.get((len(set(numbers)), len(numbers)))
        conventional = Atoms(numbers, scaled_positions=places, cell=lattice, pbc=True)
        return cls(conventional, symmetry["translations"][still], usual)

    def is_itself_again(self, shift: np.ndarray) -> bool:
        """Whether moving it changes nothing. shift: (3,), in fractions of the cell."""
        import numpy as np

        off = shift - self.translations
        return bool((np.abs(off - np.round(off)).max(axis=1) < 1e-3).any())
