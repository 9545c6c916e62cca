"""PairDistances: radial distribution functions of element pairs, a frame at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet import FrameError

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

MOST_AT_ONCE = 400_000
"""Distances in memory at once."""


@dataclass(frozen=True, eq=False)
class Radial:
    """g: (n_bins,) of one pair of elements, NaN where no frame reaches. r: (n_bins,) Å, middles of the bins. frames:
    (n_bins,) how many frames reach that far."""

    r: np.ndarray
    g: np.ndarray
    frames: np.ndarray


class PairDistances:
    """Counts the distances of each pair of elements in each frame that it is given; memory does not grow with frames.

    g_ab(r) = ⟨V n_ab(r) / (N_a N_b v(r))⟩, n_ab being the ordered pairs in a shell of the volume v, so that like atoms
    count twice (Allen and Tildesley, Computer Simulation of Liquids, 2.6): 1 − 1/N for an ideal gas of one element.
    Each frame reaches half the least height of its cell, within which the minimal image is the nearest, and is
    normalized by its own volume, so that the cell may move.

    molecules: (n_atoms,) number of the molecule of each atom; with it pairs of different molecules are counted apart.
    """

    def __init__(self, start: Atoms, r_max: float, width: float, molecules: np.ndarray | None = None) -> None:
        import numpy as np

        self.numbers = start.numbers.copy()
        self.molecules = molecules
        self.width, self.bins = width, max(int(np.ceil(r_max / width - 1e-9)), 1)
        names = sorted(set(start.get_chemical_symbols()))
        self._of = np.array([names.index(symbol) for symbol in start.get_chemical_symbols()])
        self.pairs = [(one, other) for place, one in enumerate(names) for other in names[place:]]
        self._pair = np.zeros((len(names), len(names)), dtype=int)
        for number, (one, other) in enumerate(self.pairs):
            first, second = names.index(one), names.index(other)
            self._pair[first, second] = self._pair[second, first] = number
        many = np.bincount(self._of, minlength=len(names)).astype(float)
        self._ordered = np.array([many[names.index(one)] * many[names.index(other)] for one, other in self.pairs])
        self._times = np.array([2.0 if one == other else 1.0 for one, other in self.pairs])
        self._sums = np.zeros((2, len(self.pairs), self.bins))
        self._reached = np.zeros(self.bins, dtype=int)

    def add(self, frame: Atoms) -> None:
        """Counts a frame. FrameError where it has other atoms, or is not periodic in all directions."""
        import numpy as np

        if not np.array_equal(frame.numbers, self.numbers):
            raise FrameError("a frame has other atoms than the starting structure")
        volume = float(frame.cell.volume)
        if not frame.pbc.all() or volume < 1e-6:
            raise FrameError("a radial distribution needs frames that are periodic in all directions")
        cell = frame.cell.array
        inverse = np.linalg.inv(cell)
        reach = 0.5 / float(np.linalg.norm(inverse, axis=0).max())
        bins = min(self.bins, int(reach / self.width + 1e-9))
        self._reached[:bins] += 1
        places = frame.positions @ inverse
        counts = np.zeros((2, len(self.pairs) * self.bins))
        rows, count = 0, len(places)
        while rows < count - 1:
            until = min(rows + max(MOST_AT_ONCE // (count - rows), 1), count)
            for which, found in self._counted(places, cell, rows, until, bins):
                counts[which] += np.bincount(found, minlength=counts.shape[1])
            rows = until
        self._sums += counts.reshape(self._sums.shape) * volume

    def of(self, pair: tuple[str, str], *, between_molecules: bool = False) -> Radial:
        """The radial distribution of a pair among `pairs`; between_molecules: of atoms of different molecules alone."""
        import numpy as np

        number = self.pairs.index(pair)
        edges = np.arange(self.bins + 1) * self.width
        shells = 4 / 3 * np.pi * np.diff(edges**3)
        with np.errstate(divide="ignore", invalid="ignore"):
            sums = self._sums[int(between_molecules), number] * self._times[number]
            g = sums / (self._reached * self._ordered[number] * shells)
        return Radial((edges[:-1] + edges[1:]) / 2, np.where(self._reached > 0, g, np.nan), self._reached.copy())

    def _counted(
        self, places: np.ndarray, cell: np.ndarray, rows: int, until: int, bins: int
    ) -> Iterator[tuple[int, np.ndarray]]:
        """For all pairs, and for those of different molecules: the place of each distance among the counts."""
        import numpy as np

        apart = places[None, rows + 1 :] - places[rows:until, None]
        apart -= np.rint(apart)
        apart = apart @ cell
        squared = np.einsum("ijk,ijk->ij", apart, apart)
        near = squared < (bins * self.width) ** 2
        near &= np.arange(rows + 1, len(places))[None, :] > np.arange(rows, until)[:, None]
        first, second = np.nonzero(near)
        bin_of = np.minimum((np.sqrt(squared[first, second]) / self.width).astype(int), bins - 1)
        first, second = first + rows, second + rows + 1
        found = self._pair[self._of[first], self._of[second]] * self.bins + bin_of
        yield 0, found
        if self.molecules is not None:
            yield 1, found[self.molecules[first] != self.molecules[second]]


@dataclass(frozen=True)
class Peak:
    """The first peak of a radial distribution. position: Å. height: of g there."""

    position: float
    height: float


def first_stretch(found: Radial) -> tuple[float, float] | None:
    """Å, from where to where the first stretch reaches in which g is above 1; None where it never is."""
    import numpy as np

    above = np.flatnonzero(np.nan_to_num(found.g) > 1)
    if not len(above):
        return None
    gaps = np.flatnonzero(np.diff(above) > 2)  # a single bin below 1 is noise
    last = above[int(gaps[0])] if len(gaps) else above[-1]
    return float(found.r[above[0]]), float(found.r[last])


def peak_within(found: Radial, within: tuple[float, float]) -> Peak | None:
    """The highest point between two distances (Å); None where g is zero there.

    A parabola through the bins around the top that are above nine tenths of it gives position and height; where there
    are fewer than three, or the top is at one end of them, it is the middle of the highest bin.
    """
    import numpy as np

    g = np.nan_to_num(found.g)
    places = np.flatnonzero((found.r >= within[0] - 1e-9) & (found.r <= within[1] + 1e-9))
    if not len(places) or not g[places].any():
        return None
    low = high = top = int(places[g[places].argmax()])
    while low > 0 and g[low - 1] > 0.9 * g[top]:
        low -= 1
    while high < len(g) - 1 and g[high + 1] > 0.9 * g[top]:
        high += 1
    middle = Peak(float(found.r[top]), float(g[top]))
    if not low < top < high:
        return middle
    r = found.r[low : high + 1] - found.r[top]
    a, b, c = np.polyfit(r, g[low : high + 1], 2)
    if a >= 0 or not r[0] <= -b / (2 * a) <= r[-1]:
        return middle
    return Peak(float(found.r[top] - b / (2 * a)), float(c - b * b / (4 * a)))
