"""ShellRadius: where the first shell of neighbors ends: the first minimum of a radial distribution function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from whet import FrameError

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

REACH, BIN, SMOOTH = 6.0, 0.02, 0.08
"""Å; how far is looked, the width of a bin, and that of the Gaussian that smooths."""

EMPTY = 0.05
"""Of the first peak: what is less is as good as nothing between two shells."""

FEWEST = 200
"""Distances below which there is no distribution to speak of."""


class ShellRadius:
    """The distances between two kinds of atoms, taken in frame by frame."""

    def __init__(self, center: str, neighbor: str) -> None:
        import numpy as np

        self.pair = (center, neighbor)
        self._counts = np.zeros(round(REACH / BIN))

    def take(self, frame: Atoms) -> None:
        """The distances of a frame, by all images."""
        import numpy as np

        from whet_reactions.near_pairs import distances

        found = distances(frame, self.pair, REACH)
        self._counts += np.histogram(found, len(self._counts), (0.0, REACH))[0]

    @property
    def distribution(self) -> tuple[np.ndarray, np.ndarray]:
        """Distances (Å) and counts over r², smoothed: a radial distribution function whose highest peak is 1."""
        import numpy as np
        from scipy.ndimage import gaussian_filter1d

        r = (np.arange(len(self._counts)) + 0.5) * BIN
        g = gaussian_filter1d(self._counts / r**2, SMOOTH / BIN)
        return r, g / max(g.max(), 1e-300)

    def radius(self) -> float:
        """Å; the minimum after the first peak; the middle of the gap where nothing is between two shells.

        A peak is at least a third of the highest, so that few odd distances make none. FrameError where there are
        fewer than 200 distances within 6 Å, or the first peak has no end there.
        """
        import numpy as np
        from scipy.signal import argrelmax

        words = f"{self.pair[0]} and {self.pair[1]}"
        hint = "Give the distance: cutoff"
        if self._counts.sum() < FEWEST:
            few = f"{self._counts.sum():.0f} distances between {words} are within {REACH:g} Å"
            raise FrameError(f"{few}, too few for a first shell", hint=hint)
        r, g = self.distribution
        peaks = [int(place) for place in argrelmax(g)[0] if g[place] > 1 / 3]
        if not peaks:
            raise FrameError(f"distances between {words} have no first peak within {REACH:g} Å", hint=hint)
        first = peaks[0]
        # Up to where it rises again to more than noise; a dip in the first peak itself is none.
        least = np.minimum.accumulate(g[first:])
        again = np.flatnonzero(g[first:] > least + max(EMPTY, 0.1 * float(least.min())))
        end = first + int(again[0]) if len(again) else len(g)
        low = float(g[first:end].min())
        if end == len(g) and low > EMPTY:
            raise FrameError(f"the first shell of {words} has no end within {REACH:g} Å", hint=hint)
        flat = first + np.flatnonzero(g[first:end] <= low + EMPTY / 2)
        gap = r[flat[0]], r[flat[-1]]
        return float(min(sum(gap) / 2, 1.5 * r[first]))


def shell_radius(frames: Iterable[Atoms], pair: Sequence[str]) -> float:
    """The end of the first shell in frames, Å. FrameError as `ShellRadius.radius`."""
    center, neighbor = pair
    found = ShellRadius(center, neighbor)
    for frame in frames:
        found.take(frame)
    return found.radius()
