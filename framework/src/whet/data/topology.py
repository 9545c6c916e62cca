"""BondTopology: which atoms are bonded, as the starting structure has it.

It comes from the starting structure, not from a moving cutoff: a cutoff would hide a bond that stretches.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whet.data.errors import FrameError

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


@dataclass(frozen=True, eq=False)
class BondTopology:
    """The bonded pairs of a starting structure.

    numbers: (n_atoms,) atomic numbers. pairs: (n_bonds, 2) atom indices. kinds: (n_bonds,) the two elements, each with
    its number of bonds, in alphabetical order: `C3-O1` is C=O of a formic acid (carbon with three bonds, oxygen with
    one), `C3-O2` the other C–O of that acid, `C4-O2` that of methanol. Pooled, their distances would hide the width of
    each. lengths: (n_bonds,) Å in the starting structure.
    """

    numbers: np.ndarray
    pairs: np.ndarray
    kinds: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, start: Atoms, multiplier: float = 1.2, unbonded: Collection[str] = ()) -> BondTopology:
        """Pairs closer than `multiplier` times the sum of their covalent radii, across periodic boundaries too.

        unbonded: symbols of ions that have neighbors but no bonds (Li). FrameError where an atom is bonded to an
        image of itself, or to two images of another: the minimal image could not tell such bonds apart.
        """
        import numpy as np
        from ase.data import covalent_radii
        from ase.neighborlist import neighbor_list

        named = start.get_chemical_symbols()
        symbols = np.array(named)
        i, j = neighbor_list("ij", start, multiplier * covalent_radii[start.numbers])
        bonded = ~(np.isin(symbols[i], list(unbonded)) | np.isin(symbols[j], list(unbonded)))
        once = bonded & (i < j)
        pairs = np.stack([i[once], j[once]], axis=1)
        if np.any(i[bonded] == j[bonded]) or len(np.unique(pairs, axis=0)) < len(pairs):
            raise FrameError(
                f"in the cell of {start.get_chemical_formula()} an atom is bonded to two images of one atom",
                hint="Repeat the cell (atoms.repeat), or name the ions that have no bonds",
            )
        return cls.joining(start, pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])

    @classmethod
    def joining(cls, start: Atoms, pairs: np.ndarray) -> BondTopology:
        """The topology of given pairs of atoms, (n_bonds, 2); lengths by minimal image."""
        import numpy as np

        named, bonds = start.get_chemical_symbols(), np.bincount(pairs.ravel(), minlength=len(start)).tolist()
        ends = [sorted((named[atom], bonds[atom]) for atom in pair) for pair in pairs.tolist()]
        kinds = np.array(["-".join(f"{symbol}{number}" for symbol, number in pair) for pair in ends], dtype=str)
        found = cls(start.numbers.copy(), pairs, kinds, np.zeros(len(pairs)))
        return replace(found, lengths=found.lengths_in(start))

    def lengths_in(self, frame: Atoms) -> np.ndarray:
        """(n_bonds,) Å: the same pairs in another frame of the same atoms, by minimal image in the frame's own cell.

        FrameError where the frame has other atoms.
        """
        import numpy as np
        from ase.geometry import find_mic

        if not np.array_equal(frame.numbers, self.numbers):
            raise FrameError(
                f"its atoms {frame.get_chemical_formula()} are not those of the starting structure",
                hint="Follow bonds through frames of one trajectory",
            )
        apart = frame.positions[self.pairs[:, 1]] - frame.positions[self.pairs[:, 0]]
        return find_mic(apart, frame.cell, frame.pbc)[1] if len(apart) else np.zeros(0)  # pyright: ignore[reportArgumentType]
