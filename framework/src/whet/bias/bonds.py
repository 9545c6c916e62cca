"""Bonds: lengths of the bonds of a starting structure, followed through frames; broken ones are counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.resampling import Resampling
from whet.contracts.findings import Interval
from whet.data.errors import FrameError, InputError
from whet.data.topology import BondTopology

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

BROKEN = 0.5
"""Å; a bond this much longer than in the starting structure counts as broken (after Niblett et al.)."""


def follow(topology: BondTopology, frames: Sequence[Atoms]) -> BondLengths:
    """The lengths of the bonds of a topology in frames of one trajectory.

    FrameError where a frame has other atoms, or where there is none.
    """
    import numpy as np

    if not len(frames):
        raise FrameError("there is no frame to follow bonds through", hint="Give at least one")
    lengths = np.empty((len(frames), len(topology.pairs)))
    for place, frame in enumerate(frames):
        try:
            lengths[place] = topology.lengths_in(frame)
        except FrameError as error:
            raise error.at(f"frame {place}") from None
    return BondLengths(topology, lengths, np.zeros(len(frames), dtype=int))


def equal_weights(counts: np.ndarray, units: np.ndarray) -> np.ndarray:
    """What each frame weighs, (n_frames,), so that every trajectory counts the same, however long it is.

    counts: (n_frames,) lengths of each frame. Weights times counts add up to 1 for each trajectory that has any.
    """
    import numpy as np

    every = np.bincount(units, weights=counts)[units]
    return np.divide(1.0, every, out=np.zeros_like(every), where=every > 0)


@dataclass(frozen=True)
class BondSummary:
    """Distribution of the lengths of one kind of bond, Å, broken ones not counted; each trajectory counts the same.

    width: standard deviation over frames, bonds and trajectories. broken: bonds that were broken in some frame. mean
    and width are None where no length is left.
    """

    mean: float | None
    mean_interval: Interval
    width: float | None
    width_interval: Interval
    bonds: int
    frames: int
    broken: int


@dataclass(frozen=True, eq=False)
class BondLengths:
    """Lengths of the bonds of a topology: lengths (n_frames, n_bonds) Å, broken bonds included.

    units: (n_frames,) the trajectory that each frame is of, a number.
    """

    topology: BondTopology
    lengths: np.ndarray
    units: np.ndarray

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind of bond, in alphabetical order."""
        return tuple(sorted(set(self.topology.kinds.tolist())))

    @property
    def trajectories(self) -> int:
        """How many they are of."""
        return len(set(self.units.tolist()))

    def without_those_of(self, other: BondLengths) -> BondLengths:
        """Less the trajectories that the other has, too; nothing may be left."""
        import numpy as np

        known = {other.lengths[other.units == unit].tobytes() for unit in np.unique(other.units)}
        shared = [unit for unit in np.unique(self.units) if self.lengths[self.units == unit].tobytes() in known]
        own = ~np.isin(self.units, shared)
        return BondLengths(self.topology, self.lengths[own], np.unique(self.units[own], return_inverse=True)[1])

    @property
    def broken(self) -> np.ndarray:
        """(n_frames, n_bonds) bool: longer than the starting length by over 0.5 Å."""
        return self.lengths > self.topology.lengths + BROKEN

    def of_kind(self, kind: str) -> np.ndarray:
        """(n_frames, n bonds of the kind) Å, NaN where broken. InputError where there is no such kind."""
        import numpy as np

        if kind not in self.kinds:
            raise InputError(f"there is no bond {kind!r}", hint=f"Known: {', '.join(self.kinds) or 'none'}")
        return np.where(self.broken, np.nan, self.lengths)[:, self.topology.kinds == kind]

    def summary(self, resampling: Resampling | None = None) -> Mapping[str, BondSummary]:
        """A summary of each kind, with intervals over trajectories."""
        return {kind: self._summary(kind, resampling or Resampling()) for kind in self.kinds}

    def _summary(self, kind: str, draws: Resampling) -> BondSummary:
        import numpy as np

        lengths = self.of_kind(kind)
        broken = np.isnan(lengths)
        # Around a point within the distribution, so that the variance does not drown in rounding.
        center = float(np.mean(self.topology.lengths[self.topology.kinds == kind]))
        off = np.where(broken, 0.0, lengths - center)
        rows = np.stack([(~broken).sum(axis=1), off.sum(axis=1), (off**2).sum(axis=1)], axis=1).astype(float)
        rows *= equal_weights(rows[:, 0], self.units)[:, None]
        total = rows.sum(axis=0, keepdims=True)

        def mean(sums: np.ndarray) -> np.ndarray:
            return center + sums[:, 1] / sums[:, 0]

        def width(sums: np.ndarray) -> np.ndarray:
            return np.sqrt(np.maximum(sums[:, 2] / sums[:, 0] - (sums[:, 1] / sums[:, 0]) ** 2, 0))

        some = total[0, 0] > 0
        return BondSummary(
            mean=float(mean(total)[0]) if some else None,
            mean_interval=draws.interval(rows, mean, self.units) if some else None,
            width=float(width(total)[0]) if some else None,
            width_interval=draws.interval(rows, width, self.units) if some else None,
            bonds=lengths.shape[1],
            frames=lengths.shape[0],
            broken=int(broken.any(axis=0).sum()),
        )
