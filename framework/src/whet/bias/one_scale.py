"""OneScale: the cheapest correction of softness, one factor from one frame (Deng et al.)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.pairs import Comparison
from whet.bias.resampling import Resampling
from whet.bias.softening import slopes_of
from whet.data.errors import FrameError
from whet.data.identity import JSON

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class OneScale:
    """A softening scale that predicted forces are to be divided by. components: force components that gave it."""

    scale: float
    components: int

    def as_json(self) -> dict[str, JSON]:
        """`scale` (without unit) and `components` (count)."""
        return {"scale": self.scale, "components": self.components}

    def applied_to(self, comparison: Comparison) -> Comparison:
        """The comparison with predicted forces divided by the scale; `correction` says so.

        Energies and stresses stay as predicted: a factor for the forces is known, the constant that an energy would
        need beside it is not.
        """
        note = f"forces divided by {self.scale:.6g}; energies and stresses as predicted"
        before = f"{comparison.correction}; then " if comparison.correction else ""
        return comparison.with_forces(comparison.predicted.forces / self.scale, before + note)


def one_scale_correction(reference: Atoms, predicted: Atoms) -> OneScale:
    """The scale of one labeled frame; choose one of high energy, as `strongest_frame` does.

    FrameError where the reference forces are all zero, or the scale is not positive.
    """
    comparison = Comparison.of([reference], [predicted])
    slopes = slopes_of(comparison, Resampling())
    if slopes.scale is None:
        raise FrameError("all reference forces of the frame are zero, so it gives no scale", hint="Take another frame")
    if slopes.scale <= 0:
        raise FrameError(
            f"the frame gives the scale {slopes.scale:.3g}, which is not positive and corrects nothing",
            hint="Take another frame, of higher energy",
        )
    return OneScale(slopes.scale, slopes.components)


def strongest_frame(comparison: Comparison) -> int:
    """The place of the frame with the largest root-mean-square reference force."""
    import numpy as np

    squares = comparison.sum_by_frame(np.square(comparison.reference.forces).sum(axis=1, keepdims=True))[:, 0]
    return int(np.argmax(squares / comparison.n_atoms))
