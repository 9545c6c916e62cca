"""material_scales: slopes and force errors of each of thousands of materials, in one pass over all force components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.curvature import Curvature
from whet.bias.pairs import Comparison
from whet.bias.robust_slope import STILL
from whet.bias.sampler import MINIMUM, sampler_of
from whet.bias.softening import Slopes
from whet.bias.symmetric_sites import NEARLY_STILL, is_balanced
from whet.contracts.findings import LEAST_UNITS, Interval
from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class MaterialScale:
    """One material: its slopes, what they say about the curvature, and its force errors.

    slopes: over all its frames, none discounted; intervals by the jackknife over independent units, from four on.
    errors: standard errors of s and of 1/b from the residuals of the force components about the line; None where the
    slope is not defined. rmse: of force components, eV/Å. relative: rmse over the root mean square of the reference
    components; None where these are all zero.
    """

    name: str
    slopes: Slopes
    curvature: Curvature
    errors: tuple[float | None, float | None]
    rmse: float
    relative: float | None


def material_scales(comparison: Comparison, names: Sequence[str]) -> list[MaterialScale]:
    """Of each material, in alphabetical order. names: (n_frames,) the material of each frame.

    Slopes are least squares through the origin (`whet.bias.softening.Slopes`). With s = Σpf/Σf² its error is that of
    White: √Σ(f (p − s f))²/Σf²; with 1/b = Σp²/Σpf it is √Σ(p (p − f/b))²/Σpf, over the components of the material.
    Slopes are None for relaxed structures, for reference forces that are all zero, and where they are zero by symmetry.
    InputError where there are not as many names as frames.
    """
    import numpy as np

    if len(names) != len(comparison):
        raise InputError(f"{len(names)} names were given for {len(comparison)} frames")
    materials, of_frame = np.unique(np.asarray(names), return_inverse=True)
    f, p = comparison.reference.forces, comparison.predicted.forces
    many, of_atom = len(materials), of_frame[comparison.frame_of_atom]
    per_frame = comparison.sum_by_frame(
        np.stack([p * f, f * f, p * p, np.abs(p - f), (p - f) ** 2, np.ones_like(f)], axis=2).sum(axis=1)
    )
    sums = _summed(per_frame, of_frame, many)
    with np.errstate(all="ignore"):
        s, r = sums[:, 0] / sums[:, 1], sums[:, 2] / sums[:, 0]
        lines = s[of_atom][:, None], r[of_atom][:, None]
        rest = [(f * (p - lines[0] * f)) ** 2, (p * (p - lines[1] * f)) ** 2, np.abs(p / lines[0] - f)]
        later = _summed(np.stack([one.sum(axis=1) for one in rest], axis=1), of_atom, many)
        errors = np.sqrt(later[:, :2]) / np.abs(sums[:, [1, 0]])
    ends = _intervals(per_frame, of_frame, comparison.units, many)
    order = np.argsort(of_frame, kind="stable")
    frames = np.split(order, np.cumsum(np.bincount(of_frame, minlength=many))[:-1])
    found = []
    for number, (name, own) in enumerate(zip(materials.tolist(), frames, strict=True)):
        product, norm, predicted, absolute, squares, count = sums[number].tolist()
        units = len(np.unique(comparison.units[own]))
        sampler = sampler_of(comparison.samplers[own].tolist())
        known = {"frames": len(own), "units": units, "components": int(count), "mae": absolute / count}
        balanced = max(norm, predicted) / count <= NEARLY_STILL**2 and all(
            is_balanced(comparison.frames[place]) for place in own
        )
        still = balanced or sampler == MINIMUM or norm / count < STILL**2
        scale = None if still else product / norm
        slopes = Slopes(
            scale=scale,
            scale_interval=None if scale is None else ends[0][number],
            r2=None if scale is None or not predicted else product**2 / (norm * predicted),
            inverse_slope=None if still or not predicted else product / predicted,
            inverse_slope_interval=None if still or not predicted else ends[1][number],
            cmae=None if scale is None or scale <= 0 else float(later[number, 2]) / count,
            **known,
        )
        curvature = (
            Curvature.without_slope(slopes, sampler, comparison.units_of, len(own))
            if balanced and sampler != MINIMUM
            else Curvature.of(slopes, sampler, comparison.units_of)
        )
        rmse = (squares / count) ** 0.5
        found.append(
            MaterialScale(
                name,
                slopes,
                curvature,
                (_finite(errors[number, 0], scale), _finite(errors[number, 1], slopes.inverse_slope)),
                rmse,
                None if still else rmse / (norm / count) ** 0.5,
            )
        )
    return found


def _intervals(
    rows: np.ndarray, place: np.ndarray, units: np.ndarray, many: int
) -> tuple[list[Interval], list[Interval]]:
    """95 % intervals of s and b of each material by `whet.bias.jackknife.Jackknife`, of all of them at once.

    rows: (n_frames, …) whose first columns are Σpf, Σf² and Σp². place: (n_frames,) the material.
    """
    import numpy as np
    from scipy.special import stdtrit

    pairs, of_pair = np.unique(np.stack([place, units]), axis=1, return_inverse=True)
    own = _summed(rows[:, :3], of_pair.ravel(), pairs.shape[1])
    material = pairs[0]
    total, number = _summed(own, material, many), np.bincount(material, minlength=many)
    found: list[list[Interval]] = []
    for below in (1, 2):
        with np.errstate(all="ignore"):
            value, left = total[:, 0] / total[:, below], (total[material] - own)
            left = left[:, 0] / left[:, below]
            mean = np.bincount(material, left, many) / number
            spread = np.bincount(material, (left - mean[material]) ** 2, many)
            reach = stdtrit(number - 1.0, 0.975) * np.sqrt((number - 1) / number * spread)
            known = (number >= LEAST_UNITS) & np.isfinite(value + reach)
        every = zip(value.tolist(), reach.tolist(), known.tolist(), strict=True)
        found.append([(one - off, one + off) if sure else None for one, off, sure in every])
    return found[0], found[1]


def _summed(columns: np.ndarray, place: np.ndarray, count: int) -> np.ndarray:
    """(n, k) summed by place: (count, k)."""
    import numpy as np

    return np.stack([np.bincount(place, column, count) for column in columns.T], axis=1)


def _finite(error: float, slope: float | None) -> float | None:
    """The error of a slope that is defined."""
    import math

    return None if slope is None or not math.isfinite(error) else float(error)
