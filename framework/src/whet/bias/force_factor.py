"""ForceFactor: the cheapest correction, one factor for the forces from one labeled frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from whet.bias.pairs import Comparison
from whet.bias.resampling import Resampling
from whet.bias.softening import slopes_of
from whet.data.errors import FrameError

if TYPE_CHECKING:
    from ase import Atoms

Rule = Literal["b", "1/s"]
"""`b`: the inverse slope, which makes the squared error of the frame least. `1/s`: Deng's division by the softening
scale, larger by 1/R², so that it over-corrects whatever is not explained by a factor."""


@dataclass(frozen=True)
class ForceFactor:
    """A number without unit that multiplies predicted forces: b = Σpf/Σp² of one frame, or 1/s = Σf²/Σpf."""

    factor: float
    rule: Rule

    @classmethod
    def of_frame(cls, reference: Atoms, predicted: Atoms, rule: Rule = "b") -> ForceFactor:
        """From one labeled frame; choose one of high energy, as `strongest_frame` does.

        FrameError where the reference or the predicted forces are all zero, or the factor is not positive.
        """
        slopes = slopes_of(Comparison.of([reference], [predicted]), Resampling())
        if slopes.scale is None:
            raise FrameError("all reference forces of the frame are zero, so it gives no factor", hint=ANOTHER)
        if slopes.inverse_slope is None:
            raise FrameError("all predicted forces of the frame are zero, so it gives no factor", hint=ANOTHER)
        if slopes.scale <= 0:
            raise FrameError(
                f"the frame gives the slope {slopes.scale:.3g}, which is not positive and corrects nothing",
                hint=f"{ANOTHER}, of higher energy",
            )
        return cls(slopes.inverse_slope if rule == "b" else 1 / slopes.scale, rule)

    def applied_to(self, comparison: Comparison) -> Comparison:
        """The comparison with predicted forces times the factor; `correction` says so.

        Energies and stresses stay as predicted: a factor for the forces is known, the constant that an energy would
        need beside it is not. Who sampled the frames still decides the same slope: the ratio grows by the factor.
        """
        note = f"forces times {self.factor:.6g} ({self.rule} of one frame); energies and stresses as predicted"
        before = f"{comparison.correction}; then " if comparison.correction else ""
        return comparison.with_forces(comparison.predicted.forces * self.factor, before + note)


ANOTHER = "Take another frame"


def strongest_frame(comparison: Comparison) -> int:
    """The place of the frame with the largest root-mean-square reference force."""
    import numpy as np

    squares = comparison.sum_by_frame(np.square(comparison.reference.forces).sum(axis=1, keepdims=True))[:, 0]
    return int(np.argmax(squares / comparison.n_atoms))
