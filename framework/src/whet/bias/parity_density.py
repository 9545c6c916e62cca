"""ParityDensity: predicted against reference values as counts on a grid, so that a million points weigh what few do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class ParityDensity:
    """Points (reference, predicted) counted in the square cells of a grid over [low, high] on both axes.

    reference, predicted: (n_cells,) the mean of the points in each cell that has any, in the unit of the points: a cell
    of one point is where the point is. counts: (n_cells,) points. width: of a cell. outside: points beyond the grid, or
    not finite. The upper edge belongs to the last cell, as in `numpy.histogram2d`.
    """

    reference: np.ndarray
    predicted: np.ndarray
    counts: np.ndarray
    low: float
    high: float
    width: float
    outside: int

    @classmethod
    def of(cls, reference: np.ndarray, predicted: np.ndarray, low: float, high: float, cells: int) -> Self:
        """reference, predicted: (n,). cells: along each axis. InputError where the grid has no extent."""
        import numpy as np

        if not low < high or cells < 1:
            raise InputError(f"{cells} cells from {low} to {high} are no grid")
        with np.errstate(invalid="ignore"):
            inside = (reference >= low) & (reference <= high) & (predicted >= low) & (predicted <= high)
        x, y = reference[inside], predicted[inside]
        width = (high - low) / cells
        columns, rows = (np.minimum(((one - low) / width).astype(np.int64), cells - 1) for one in (x, y))
        places = rows * cells + columns
        counts = np.bincount(places, minlength=cells * cells)
        filled = np.flatnonzero(counts)
        means = [np.bincount(places, one, cells * cells)[filled] / counts[filled] for one in (x, y)]
        return cls(means[0], means[1], counts[filled], low, high, width, len(reference) - len(x))

    def __len__(self) -> int:
        return len(self.counts)
