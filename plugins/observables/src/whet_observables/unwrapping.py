"""Unwrapped: centers of mass whose way through periodic boundaries is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

LONG = 0.4
"""Of a cell vector; a step that is longer may as well be one the other way round."""


class Unwrapped:
    """Follows points from frame to frame, by the minimal image between consecutive ones, wrapped or not.

    Each point is taken into the cell of its own frame first, and its step is the difference of the two, less whole
    vectors of the present cell: u' = u + (w' − w) − ⌊(w' − w)/L' + ½⌋L'. Where a barostat moves the cell this keeps the
    diffusion coefficient, while counting the images that a point has crossed makes it grow with the time (von Bülow,
    Bullerjahn and Hummer, J. Chem. Phys. 153, 021101 (2020)). It is for centers of mass: applied to single atoms it
    would pull molecules apart.

    longest: the longest step so far, in cell vectors (0.5 at most).
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._places: np.ndarray | None = None
        self._inside: np.ndarray | None = None

    def add(self, points: np.ndarray, cell: np.ndarray) -> np.ndarray:
        """(n, 3) Å, the points of the next frame, followed from where they were in the first; cell: (3, 3) Å."""
        import numpy as np

        inverse = np.linalg.inv(cell)
        within = points @ inverse
        inside = (within - np.floor(within)) @ cell
        if self._places is None or self._inside is None:
            self._places = points.copy()
        else:
            step = (inside - self._inside) @ inverse
            step -= np.rint(step)
            self.longest = max(self.longest, float(np.abs(step).max(initial=0.0)))
            self._places = self._places + step @ cell
        self._inside = inside
        return self._places

    @property
    def is_doubtful(self) -> bool:
        """Whether frames are so far apart that a step may have been taken for one the other way round."""
        return self.longest > LONG
