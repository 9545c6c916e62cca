"""ForceAtRest: the force of a potential at the reference's minima, where a potential with the same minima has none."""

from __future__ import annotations

from dataclasses import dataclass

from whet.bias.errors import errors
from whet.bias.pairs import Comparison
from whet.bias.resampling import Resampling
from whet.contracts.findings import Interval
from whet.data.frame_groups import FRAMES

TOLERANCE = 0.05
"""eV/Å; about the force at which relaxations are stopped. It displaces a bond of 30 eV/Å² by under 0.002 Å, and an atom
of a soft crystal (1 eV/Å²) by 0.05 Å."""


@dataclass(frozen=True)
class ForceAtRest:
    """Predicted forces on structures that the reference relaxed, less the forces that its relaxation left.

    rms: eV/Å, over components; interval: 95 %, over independent units. largest: eV/Å, on one atom. left: eV/Å, root
    mean square of the reference's own components there. structures, units: how many; units are `of` what.
    """

    rms: float
    interval: Interval
    largest: float
    left: float
    structures: int
    units: int
    of: str

    @property
    def displaced(self) -> bool:
        """Whether it is more than 0.05 eV/Å and than what the relaxation left, with its whole interval."""
        return self.interval is not None and self.interval[0] > max(TOLERANCE, self.left)

    @property
    def in_place(self) -> bool:
        """Whether it is at most 0.05 eV/Å, with its whole interval."""
        return self.interval is not None and self.interval[1] <= TOLERANCE


def force_at_rest(comparison: Comparison, resampling: Resampling | None = None) -> ForceAtRest:
    """Of frames that the reference relaxed. A force that the cell would relax is none: that is the mean stress.

    At the reference's minimum p = K_p d to first order, d being the displacement of the potential's minimum and K_p its
    force constants. Softness alone (p = s f) leaves no force there, but (s − 1) f of what the relaxation left.
    """
    import numpy as np

    of = errors(comparison, resampling=resampling).forces
    off = comparison.predicted.forces - comparison.reference.forces
    return ForceAtRest(
        rms=of.rmse,
        interval=of.rmse_interval,
        largest=float(np.linalg.norm(off, axis=1).max()),
        left=float(np.sqrt(np.mean(comparison.reference.forces**2))),
        structures=len(comparison),
        units=comparison.n_units,
        of={FRAMES: "structures"}.get(comparison.units_of, comparison.units_of or "units"),
    )
