"""MeanStress: how far the mean stress of a potential is from the reference's: whether it wants another cell."""

from __future__ import annotations

from dataclasses import dataclass

from whet.bias.pairs import Comparison
from whet.bias.resampling import Resampling
from whet.contracts.findings import Interval

TOLERANCE = 0.1
"""GPa; a crystal with a bulk modulus of 30 GPa changes its lattice constant by 0.1 % under it."""


@dataclass(frozen=True)
class MeanStress:
    """Mean of the trace of predicted minus reference stress over three, GPa, tension positive, over frames.

    change = ⟨tr(σ_p − σ_f)/3⟩.
    Positive: the potential is under more tension, and wants a smaller cell. interval: 95 %, over independent units.
    """

    change: float
    interval: Interval
    frames: int

    @property
    def displaced(self) -> bool:
        """Whether it is off by more than 0.1 GPa, and the interval excludes 0."""
        return abs(self.change) > TOLERANCE and self.interval is not None and not self._covers(0.0)

    @property
    def in_place(self) -> bool:
        """Whether the interval lies within 0.1 GPa of the reference."""
        return self.interval is not None and max(map(abs, self.interval)) <= TOLERANCE

    def _covers(self, value: float) -> bool:
        return self.interval is not None and self.interval[0] <= value <= self.interval[1]


def mean_stress(comparison: Comparison, resampling: Resampling | None = None) -> MeanStress | None:
    """Over the frames of which both know the stress; None where there is none.

    The cell in which the mean stress vanishes is displaced by the stress over the bulk modulus, which frames of one
    volume do not tell.
    """
    import numpy as np

    from whet.data.units import GPA

    off = (comparison.predicted.stresses - comparison.reference.stresses)[:, :3].mean(axis=1) / GPA
    known = np.isfinite(off)
    if not known.any():
        return None
    rows = np.stack([off[known], np.ones(int(known.sum()))], axis=1)
    interval = (resampling or Resampling()).interval(
        rows, lambda sums: sums[:, 0] / sums[:, 1], comparison.units[known]
    )
    return MeanStress(float(off[known].mean()), interval, len(rows))
