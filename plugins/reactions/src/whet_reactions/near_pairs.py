"""NearPairs: which atoms of a frame are near each other, across periodic boundaries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet import FrameError

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


@dataclass(frozen=True, eq=False)
class NearPairs:
    """Pairs of atoms of one frame.

    codes: (n_pairs,) sorted; n_atoms·i + j for the atoms i < j. distances: (n_pairs,) Å, to the nearest image. twice:
    whether a second image of some pair, or an image of an atom itself, is near as well.
    """

    codes: np.ndarray
    distances: np.ndarray
    twice: bool

    @classmethod
    def of(cls, frame: Atoms, cutoffs: np.ndarray) -> NearPairs:
        """The pairs closer than the cutoff of their elements. cutoffs: (z + 1, z + 1) Å, by atomic numbers.

        Atoms may lie anywhere, outside the cell too. FrameError where positions are not finite.
        """
        import numpy as np

        if not np.isfinite(frame.positions).all():
            raise FrameError("its positions are not finite (NaN or infinite)")
        if not len(frame) or not cutoffs.any():
            return cls(np.zeros(0, dtype=np.int64), np.zeros(0), False)
        i, j, apart = _neighbors(frame, cutoffs)
        own, once = bool((i == j).any()), i < j
        codes = i[once].astype(np.int64) * len(frame) + j[once]
        order = np.lexsort((apart[once], codes))
        codes, apart = codes[order], apart[once][order]
        first = np.diff(codes, prepend=-1) != 0  # the nearest image of each pair
        return cls(codes[first], apart[first], own or not first.all())


def distances(frame: Atoms, pair: tuple[str, str], reach: float) -> np.ndarray:
    """(n,) Å: distances shorter than reach from atoms of the first element to those of the second, of every image.

    Of one element with itself each stands there twice.
    """
    import numpy as np
    from ase.data import atomic_numbers

    one, other = (atomic_numbers[symbol] for symbol in pair)
    cutoffs = np.zeros((int(frame.numbers.max(initial=0)) + 1,) * 2)
    if max(one, other) >= len(cutoffs):
        return np.zeros(0)
    cutoffs[one, other] = cutoffs[other, one] = reach
    i, _, apart = _neighbors(frame, cutoffs)
    return apart[frame.numbers[i] == one]


def _neighbors(frame: Atoms, cutoffs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First atoms, second atoms and distances of all pairs, each in both directions."""
    import numpy as np
    from ase.geometry import complete_cell
    from matscipy.neighbours import neighbour_list

    return neighbour_list(
        "ijd",
        positions=frame.positions,
        cell=complete_cell(frame.cell),  # matscipy inverts it, in open directions too
        pbc=frame.pbc,
        numbers=frame.numbers.astype(np.int32),
        cutoff=cutoffs,
    )
