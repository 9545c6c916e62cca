"""Errors of parts of a comparison: of elements, sizes of the force, config types, materials; all parts in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.errors import energy_residuals
from whet.bias.pairs import Comparison
from whet.bias.resampling import Resampling
from whet.bias.robust_slope import STILL
from whet.contracts.findings import Interval
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np

MOST_INTERVALS = 60
"""Parts up to which each has an interval: a bootstrap each, of what may be thousands of materials."""


@dataclass(frozen=True)
class ForceErrors:
    """Force errors of one part.

    name: its own. mae, rmse: over force components, eV/Å, as `whet.bias.errors.Deviation`. mae_interval: over
    independent units. scale: s = Σpf/Σf², without unit; None where the reference forces are all zero. frames: that have
    atoms of the part. atoms: in all of them.
    """

    name: str
    mae: float
    rmse: float
    mae_interval: Interval
    scale: float | None
    frames: int
    atoms: int


@dataclass(frozen=True)
class FrameErrors:
    """Errors of energy and stress of the frames of one part.

    raw, fitted: RMSE and MAE of the energy per atom as predicted, and after a shift by reference energies, meV/atom.
    stress: MAE and RMSE over the six components, eV/Å³; None where no frame has both stresses.
    """

    name: str
    raw: tuple[float, float]
    fitted: tuple[float, float]
    stress: tuple[float, float] | None
    frames: int


def force_errors_of_parts(
    comparison: Comparison, names: Sequence[str] | np.ndarray, resampling: Resampling | None = None
) -> list[ForceErrors]:
    """Of each part, in alphabetical order. names: (sum n_atoms,) the part of each atom.

    InputError where there are not as many names as atoms.
    """
    import numpy as np

    f, p = comparison.reference.forces, comparison.predicted.forces
    parts, place = _places(names, len(f), "atoms")
    off = p - f
    columns = np.stack([np.abs(off), off**2, p * f, f * f, np.ones_like(f)], axis=2).sum(axis=1)
    # A row for each part of each frame: what resampling draws, and few where the atoms are many.
    cell = place * len(comparison) + comparison.frame_of_atom
    cells, inverse = np.unique(cell, return_inverse=True)
    rows = _summed(columns, inverse, len(cells))
    part, frame = np.divmod(cells, len(comparison))
    starts = np.searchsorted(part, np.arange(len(parts) + 1))
    draws, found = resampling or Resampling(), []
    for number, name in enumerate(parts):
        own = slice(starts[number], starts[number + 1])
        absolute, squares, product, norm, count = rows[own].sum(axis=0).tolist()
        interval = None
        if len(parts) <= MOST_INTERVALS:
            # The columns of `Errors`, so that the same atoms have the same interval to the last digit.
            drawn = rows[own][:, [0, 1, 4]]
            interval = draws.interval(drawn, lambda sums: sums[:, 0] / sums[:, 2], comparison.units[frame[own]])
        scale = None if norm / count < STILL**2 else product / norm
        known = scale, int(own.stop - own.start), int(count) // 3
        found.append(ForceErrors(name, absolute / count, (squares / count) ** 0.5, interval, *known))
    return found


def frame_errors_of_parts(
    comparison: Comparison, names: Sequence[str], shift: ReferenceEnergies
) -> dict[str, FrameErrors]:
    """By part. names: (n_frames,) the part of each frame. shift: reference energies, of all frames together."""
    import numpy as np

    parts, place = _places(names, len(comparison), "frames")
    energies = [energy_residuals(comparison, one) for one in (None, shift)]
    stress = comparison.predicted.stresses - comparison.reference.stresses
    both = np.isfinite(stress.sum(axis=1))
    stress = np.where(both[:, None], stress, 0.0)
    known = [np.abs(one) for one in energies] + [one**2 for one in energies]
    known += [np.abs(stress).sum(axis=1), (stress**2).sum(axis=1), 6.0 * both, np.ones(len(place))]
    rows = _summed(np.stack(known, axis=1), place, len(parts))
    found = {}
    for name, (raw, fitted, raw_squares, fitted_squares, absolute, squares, count, frames) in zip(
        parts, rows.tolist(), strict=True
    ):
        found[name] = FrameErrors(
            name,
            (raw / frames, (raw_squares / frames) ** 0.5),
            (fitted / frames, (fitted_squares / frames) ** 0.5),
            (absolute / count, (squares / count) ** 0.5) if count else None,
            int(frames),
        )
    return found


def ratio_of_absolute_errors(
    before: Comparison, after: Sequence[Comparison], resampling: Resampling | None = None
) -> tuple[float, Interval]:
    """Mean absolute error of the force components after over before, the former averaged over `after`.

    after: comparisons of the same frames, at least one. The interval draws independent units, each with both errors.
    """
    import numpy as np

    from whet.bias.series import absolute_by_frame

    mean = np.mean([absolute_by_frame(one) for one in after], axis=0)
    rows = np.stack([mean, absolute_by_frame(before)], axis=1)
    after_sum, before_sum = rows.sum(axis=0).tolist()
    value = after_sum / before_sum if before_sum else float("nan")
    return value, (resampling or Resampling()).interval(rows, lambda sums: sums[:, 0] / sums[:, 1], before.units)


def _places(names: Sequence[str] | np.ndarray, count: int, of: str) -> tuple[list[str], np.ndarray]:
    import numpy as np

    if len(names) != count:
        raise InputError(f"{len(names)} names were given for {count} {of}")
    parts, place = np.unique(np.asarray(names), return_inverse=True)
    return parts.tolist(), place


def _summed(columns: np.ndarray, place: np.ndarray, count: int) -> np.ndarray:
    """(n, k) summed by place: (count, k)."""
    import numpy as np

    return np.stack([np.bincount(place, column, count) for column in columns.T], axis=1)
