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
NOISE = 2
"""Bins; a shorter dip below 1 does not end a peak."""
ENOUGH = 400
"""Distances in a peak, by which its height is known to 5 %."""
STANDS_OUT = 4.0
"""Poisson errors by which a peak has to rise above 1, which is what an ideal gas has."""
SMOOTHING = (1, 3, 5, 9, 17, 33, 65)


@dataclass(frozen=True, eq=False)
class Radial:
    """g: (n_bins,) of one pair of elements, NaN where no frame reaches. r: (n_bins,) Å, middles of the bins. frames:
    (n_bins,) how many frames reach that far. counts: (n_bins,) distances that were counted."""

    r: np.ndarray
    g: np.ndarray
    frames: np.ndarray
    counts: np.ndarray


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
        self._sums, self._counts = np.zeros((2, 2, len(self.pairs), self.bins))
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
        self._counts += counts.reshape(self._sums.shape)
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
        counts = self._counts[int(between_molecules), number].copy()
        return Radial(
            (edges[:-1] + edges[1:]) / 2, np.where(self._reached > 0, g, np.nan), self._reached.copy(), counts
        )

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


Window = tuple[int, int]
"""The first and the last bin of a peak."""


def first_window(g: np.ndarray, counts: np.ndarray) -> Window | None:
    """The bins around the highest point of the first stretch of g above 1 that are above half of it; five at least.

    g, counts: (n_bins,). g is averaged over ever more shells until the window holds 400 distances, and its highest
    point stands out from 1: before it is noise. None where that is never so.
    """
    import numpy as np

    edges = np.arange(len(g) + 1.0)
    volumes = np.diff(edges**3)  # in a small shell a single distance is much
    inside = np.nan_to_num(g) * volumes
    for width in SMOOTHING:
        sums = [np.convolve(one, np.ones(width), mode="same") for one in (inside, volumes, counts)]
        window = _window(sums[0] / sums[1], sums[2])
        if window is not None and counts[window[0] : window[1] + 1].sum() >= ENOUGH:
            return window
    return None


def _window(g: np.ndarray, counts: np.ndarray) -> Window | None:
    import numpy as np

    above = np.flatnonzero(g > 1)
    if not len(above):
        return None
    gaps = np.flatnonzero(np.diff(above) > NOISE)
    stretch = above[: int(gaps[0]) + 1] if len(gaps) else above
    low = high = top = int(stretch[g[stretch].argmax()])
    if g[top] - 1 < STANDS_OUT * g[top] / max(float(counts[top]), 1.0) ** 0.5:
        return None
    while low > 0 and g[low - 1] > 0.5 * g[top]:
        low -= 1
    while high < len(g) - 1 and g[high + 1] > 0.5 * g[top]:
        high += 1
    while high - low < 4 and (low > 0 or high < len(g) - 1):
        low, high = max(low - 1, 0), min(high + 1, len(g) - 1)
    return low, high


def peak_in(found: Radial, window: Window) -> Peak | None:
    """The top of the parabola through g over the bins of a window; None where g is zero there.

    One window for all trajectories that are compared: the top is then a smooth function of what was counted, and has no
    more noise on one side than on the other. Where the parabola has no top in the window, the mean of r weighted by g
    and the highest bin.
    """
    import numpy as np

    low, high = window
    r, g = found.r[low : high + 1], np.nan_to_num(found.g[low : high + 1])
    if not g.any():
        return None
    middle = float(r.mean())
    a, b, c = np.polyfit(r - middle, g, 2)
    if a < 0 and abs(b / (2 * a)) <= float(r[-1] - r[0]) / 2:
        return Peak(middle - float(b / (2 * a)), float(c - b * b / (4 * a)))
    return Peak(float(r @ g / g.sum()), float(g.max()))
