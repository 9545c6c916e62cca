"""Boxes: NEP on the CPU takes every frame as periodic, so others get vacuum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whet import FrameError

if TYPE_CHECKING:
    from ase import Atoms


def boxed(atoms: Atoms, cutoff: float) -> Atoms:
    """The frame in a periodic cell: itself where it is periodic in all directions, else a copy with vacuum.

    cutoff: Å; images along the open directions stay farther apart than that, so the answer is exact. Raises
    FrameError for a cell without a volume.
    """
    if not atoms.pbc.all():
        atoms = atoms.copy()
        atoms.calc = None
        atoms.center(vacuum=cutoff / 2 + 0.5, axis=[axis for axis in range(3) if not atoms.pbc[axis]])
        atoms.pbc = True
    if not abs(atoms.cell.volume) > 1e-6:
        raise FrameError(f"the cell of {atoms.get_chemical_formula()} has no volume")
    return atoms
