"""zero_by_symmetry: whether a frame is so symmetric that no atom of it can feel a force, as in a perfect crystal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ase import Atoms

    from whet.bias.pairs import Comparison

NEARLY_STILL = 0.01
"""eV/Å, root mean square; a code's noise at a perfect crystal is below it, and there only are sites looked at."""

REACH, SAME_SHELL, BALANCED = 6.0, 0.01, 1e-3
"""Å: how far neighbors are looked at; the gap in their distances that ends a shell; and, for each neighbor of a shell,
how far the vectors to all of them may add up to something."""


def zero_by_symmetry(comparison: Comparison) -> bool:
    """Whether the forces of every frame are zero by symmetry: then what is there is noise, and no slope is read of it.

    They are taken for that where both sides' forces are nearly still and `is_balanced` holds.
    """
    import numpy as np

    both = (comparison.reference.forces, comparison.predicted.forces)
    if any(float(np.sqrt(np.mean(forces**2))) > NEARLY_STILL for forces in both):
        return False
    return all(is_balanced(frame) for frame in comparison.frames)


def is_balanced(frame: Atoms) -> bool:
    """Whether around every atom the vectors to the neighbors of each shell (an element at one distance) add up to zero.

    That is necessary for a force to vanish by symmetry, and in crystals all but sufficient. An isolated atom is.
    """
    import numpy as np
    from ase.neighborlist import neighbor_list

    centers, others, distances, vectors = neighbor_list("ijdD", frame, REACH)
    numbers = frame.numbers[others]
    order = np.lexsort((distances, numbers, centers))
    centers, numbers, distances, vectors = centers[order], numbers[order], distances[order], vectors[order]
    if not len(order):
        return True
    begins = (np.diff(centers) != 0) | (np.diff(numbers) != 0) | (np.diff(distances) > SAME_SHELL)
    starts = np.concatenate([[0], np.flatnonzero(begins) + 1])
    sums = np.add.reduceat(vectors, starts, axis=0)
    counts = np.diff([*starts, len(order)])
    whole = np.maximum.reduceat(distances, starts) < REACH - SAME_SHELL  # one that the cutoff cuts says nothing
    return bool(np.all(np.linalg.norm(sums[whole], axis=1) < BALANCED * counts[whole]))
