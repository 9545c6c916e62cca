"""Difference: whether two potentials differ on the same frames, by more than the choice of frames explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.pairs import Comparison
from whet.bias.resampling import Interval, Resampling, interval_json
from whet.data.errors import FrameError
from whet.data.identity import JSON

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Difference:
    """Force MAE of the second potential minus that of the first, eV/Å, on the frames that both answered.

    Paired: each draw of the bootstrap takes the same trajectories for both, so what makes one hard for both cancels.
    """

    change: float
    interval: Interval
    frames: int

    @property
    def resolved(self) -> bool:
        """Whether the interval excludes zero."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]

    def as_json(self) -> dict[str, JSON]:
        """`change` and `interval` (eV/Å; null where independent units are too few), `frames`, `resolved`."""
        return {
            "change": self.change,
            "interval": interval_json(self.interval),
            "frames": self.frames,
            "resolved": self.resolved,
        }


def force_difference(first: Comparison, second: Comparison, resampling: Resampling | None = None) -> Difference:
    """The paired difference of two comparisons with the same reference. FrameError where no frame is common."""
    import numpy as np

    common = sorted(set(first.indices) & set(second.indices))
    if not common:
        raise FrameError("the two potentials have no frame in common")

    def sums(comparison: Comparison) -> np.ndarray:
        off = np.abs(comparison.predicted.forces - comparison.reference.forces).sum(axis=1, keepdims=True)
        by_frame = comparison.sum_by_frame(off)[:, 0]
        place = {index: number for number, index in enumerate(comparison.indices)}
        return by_frame[[place[index] for index in common]]

    shared = first.take(first.indices.index(index) for index in common)
    count = 3.0 * shared.n_atoms
    rows = np.stack([sums(second) - sums(first), count], axis=1)
    change = float(rows[:, 0].sum() / rows[:, 1].sum())
    draws = resampling or Resampling()
    return Difference(change, draws.interval(rows, lambda drawn: drawn[:, 0] / drawn[:, 1], shared.units), len(common))
