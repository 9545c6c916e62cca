"""force_sizes: the atoms of a comparison in bins by the size of the reference force on them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whet.bias.pairs import Comparison
from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np


def force_sizes(comparison: Comparison, number: int = 5) -> tuple[list[tuple[float, float]], np.ndarray]:
    """Bins of about equally many atoms by size of the reference force, eV/Å, and (sum n_atoms,) the bin of each atom.

    A bin is [low, high), the last one includes its end. InputError where `number` is none.
    """
    import numpy as np

    if number < 1:
        raise InputError(f"{number} bins cannot be made", hint="Give at least 1")
    size = np.linalg.norm(comparison.reference.forces, axis=1)
    borders = np.unique(np.quantile(size, np.linspace(0, 1, number + 1)))
    borders = borders if len(borders) > 1 else np.repeat(borders, 2)
    place = np.clip(np.searchsorted(borders, size, side="right") - 1, 0, len(borders) - 2)
    ends = borders.tolist()
    return list(pairwise(ends)), place
