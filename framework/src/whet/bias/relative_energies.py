"""RelativeEnergies: errors of energies after each series has its own reference energies, fitted on the very frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from whet.bias.resampling import by_unit

if TYPE_CHECKING:
    import numpy as np

    from whet.bias.pairs import Comparison

ROUNDING = 1e-6
"""meV/atom: what is left of an error below it is rounding."""


@dataclass(frozen=True, eq=False)
class RelativeEnergies:
    """What is left of errors of energies when per-element reference energies are taken out of each column.

    Differences of energies between these frames alone count: an offset that all frames share, or that follows from
    their compositions, is gone. sums: (n_units, n_columns) meV/atom, absolute errors summed over the frames of a unit.
    without: (n_units, n_columns) meV/atom, the sum over all other units where the fit knows only these. rank: how many
    reference energies are determined. offsets: (n_columns,) meV/atom, the mean size of what was taken out.
    """

    sums: np.ndarray
    without: np.ndarray
    rank: int
    offsets: np.ndarray

    @classmethod
    def of(cls, frames: Comparison, errors: np.ndarray) -> Self:
        """errors: (n_frames, n_columns) predicted − reference, meV/atom, one column a series, of these frames.

        What is left of them is e − X X⁺e, X being the atomic fractions (n_frames, n_elements) and X⁺ its pseudoinverse.
        """
        import numpy as np

        fractions = _fractions(frames)
        left, rank = _left(fractions, errors)
        every = np.unique(frames.units)
        others = [frames.units != unit for unit in every] if len(every) > 1 else []
        without = [np.abs(_left(fractions[kept], errors[kept])[0]).sum(axis=0) for kept in others]
        shape = (len(every), errors.shape[1])
        return cls(
            by_unit(np.abs(left), frames.units),
            np.array(without).reshape(shape) if without else np.zeros(shape),
            rank,
            np.abs(errors - left).mean(axis=0),
        )


def _fractions(frames: Comparison) -> np.ndarray:
    """(n_frames, n_elements) atomic fractions."""
    import numpy as np

    counts = np.stack([frames.symbols == symbol for symbol in frames.elements], axis=1)
    return frames.sum_by_frame(counts.astype(float)) / frames.n_atoms[:, None]


def _left(fractions: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, int]:
    """Errors less their least-squares fit, and its rank; as `ReferenceEnergies.fit` weights frames."""
    import numpy as np

    solution, _, rank, _ = np.linalg.lstsq(fractions, errors, rcond=1e-8)
    left = errors - fractions @ solution
    return np.where(np.abs(left) < ROUNDING, 0.0, left), int(rank)
