"""Softening: slopes between predicted and reference forces (Deng et al.), and what they say about the curvature."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from whet.bias.curvature import Curvature
from whet.bias.pairs import Comparison, LeftOut
from whet.bias.resampling import Resampling, interval_json
from whet.bias.robust_slope import is_still, robust_slope
from whet.bias.sampler import MINIMUM
from whet.bias.symmetric_sites import zero_by_symmetry
from whet.contracts.findings import Interval
from whet.data.identity import JSON

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Slopes:
    """Slopes through the origin between reference components f and predicted components p, all without unit.

    scale: s = Σpf/Σf², the softening scale. inverse_slope: b = Σpf/Σp². r2: the uncentred R² = s·b = (Σpf)²/(Σp² Σf²),
    the share of Σf² that the best-scaled prediction explains; 1 − R² is unexplained, by random errors of the force or
    by displaced minima. Which of s and 1/b is a ratio of curvatures, who sampled the frames decides: see `Curvature`.
    b is also the factor that, multiplied to the predictions, makes their squared error least (see `ForceFactor`).

    scale, its interval and r2 are None where the reference forces are all zero (see `is_still`); inverse_slope and r2
    where the predicted ones are. All are None of relaxed structures: one side's forces are what the relaxation left
    there, and a slope against them means nothing. cmae: mean |p/s − f| in eV/Å, Deng's error after division by the
    scale, which over-corrects by 1/R²; None where s is not positive. units: independent units behind them.
    """

    scale: float | None
    scale_interval: Interval
    r2: float | None
    inverse_slope: float | None
    inverse_slope_interval: Interval
    mae: float
    cmae: float | None
    frames: int
    units: int
    components: int

    def as_json(self) -> dict[str, JSON]:
        """Plain data.

        | key                                    | value                                        |
        |----------------------------------------|----------------------------------------------|
        | scale, r2, inverse_slope               | numbers without unit, or null                |
        | scale_interval, inverse_slope_interval | [low, high], or null                         |
        | mae, cmae                              | eV/Å before and after correction; cmae or null |
        | frames, units, components              | counts                                       |
        """
        return {
            "scale": self.scale,
            "scale_interval": interval_json(self.scale_interval),
            "r2": self.r2,
            "inverse_slope": self.inverse_slope,
            "inverse_slope_interval": interval_json(self.inverse_slope_interval),
            "mae": self.mae,
            "cmae": self.cmae,
            "frames": self.frames,
            "units": self.units,
            "components": self.components,
        }


@dataclass(frozen=True)
class Softening:
    """The softening of one potential on one set of frames.

    slopes: over all frames. robust_scale: Huber's slope without the discounted frames (see `robust_slope`).
    discounted_frames: their indices. kept: the slopes without them (`slopes` itself where none is discounted; None
    where every frame is). curvature: read from `kept`; its reading is undecided where most frames are discounted.
    """

    slopes: Slopes
    robust_scale: float | None
    robust_scale_interval: Interval
    discounted_frames: tuple[int, ...]
    kept: Slopes | None
    curvature: Curvature
    left_out: tuple[LeftOut, ...]
    correction: str

    @property
    def reading(self) -> str:
        """`soft`, `stiff`, `not soft` or `undecided`."""
        return self.curvature.reading

    @property
    def verdict(self) -> str:
        """The reading with its numbers, in a sentence."""
        return self.curvature.verdict

    def as_json(self) -> dict[str, JSON]:
        """Plain data: the keys of `Slopes.as_json` over all frames, and

        | key                   | value                                                          |
        |-----------------------|----------------------------------------------------------------|
        | robust_scale          | number without unit, or null                                   |
        | robust_scale_interval | [low, high], or null                                           |
        | discounted_frames     | indices                                                        |
        | kept                  | {keys of `Slopes.as_json`} without discounted frames, or null  |
        | sampler               | who sampled the frames, a word of `whet.bias.sampler`, or `mixed` |
        | curvature             | ratio of mean curvatures, or null where the sampler allows none |
        | curvature_interval    | [low, high], or null                                           |
        | bounds                | [s, 1/b] of the kept frames, between which it lies, or null    |
        | units_of              | what independent units are; empty where nobody knows           |
        | reading               | `soft`, `stiff`, `not soft` or `undecided`                     |
        | verdict               | one sentence                                                   |
        | left_out              | [{`index`, `reason`}]                                          |
        | correction            | what was done to the predictions; empty for none               |
        """
        return {
            **self.slopes.as_json(),
            "robust_scale": self.robust_scale,
            "robust_scale_interval": interval_json(self.robust_scale_interval),
            "discounted_frames": list(self.discounted_frames),
            "kept": None if self.kept is None else self.kept.as_json(),
            "sampler": self.curvature.sampler,
            "curvature": self.curvature.ratio,
            "curvature_interval": interval_json(self.curvature.interval),
            "bounds": interval_json(self.curvature.bounds),
            "units_of": self.curvature.units_of,
            "reading": self.reading,
            "verdict": self.verdict,
            "left_out": [one.as_json() for one in self.left_out],
            "correction": self.correction,
        }


def softening(comparison: Comparison, resampling: Resampling | None = None) -> Softening:
    """The softening of a comparison; undecided, without a scale, where all reference forces are zero (`is_still`).

    Of relaxed structures, and where forces are zero by symmetry (`zero_by_symmetry`), nothing but their errors.
    """
    draws = resampling or Resampling()
    if comparison.sampler == MINIMUM:
        slopes = slopes_of(comparison, draws)
        curvature = Curvature.of(slopes, MINIMUM, comparison.units_of)
        return Softening(slopes, None, None, (), slopes, curvature, comparison.left_out, comparison.correction)
    if zero_by_symmetry(comparison):
        whole = slopes_of(comparison, draws)
        nothing = dict.fromkeys(("scale", "scale_interval", "r2", "inverse_slope", "inverse_slope_interval", "cmae"))
        slopes = replace(whole, **nothing)
        curvature = Curvature.without_slope(slopes, comparison.sampler, comparison.units_of, len(comparison))
        return Softening(slopes, None, None, (), slopes, curvature, comparison.left_out, comparison.correction)
    slopes = slopes_of(comparison, draws)
    robust = robust_slope(comparison, draws)
    rest = [place for place in range(len(comparison)) if place not in set(robust.discounted)]
    kept = slopes if len(rest) == len(comparison) else slopes_of(comparison.take(rest), draws) if rest else None
    return Softening(
        slopes=slopes,
        robust_scale=robust.scale,
        robust_scale_interval=robust.interval,
        discounted_frames=tuple(comparison.indices[place] for place in robust.discounted),
        kept=kept,
        curvature=_curvature(comparison, kept, len(robust.discounted)),
        left_out=comparison.left_out,
        correction=comparison.correction,
    )


def _curvature(comparison: Comparison, kept: Slopes | None, discounted: int) -> Curvature:
    sampler, of = comparison.sampler, comparison.units_of
    if kept is None or kept.frames < discounted:
        why = f"undecided: {discounted} frames, most of all, are discounted as wrong beyond any scale"
        return Curvature(sampler, "", None, None, None, None, kept.units if kept else 0, of, "undecided", why)
    return Curvature.of(kept, sampler, of, f"; {discounted} discounted" if discounted else "")


def slopes_of(comparison: Comparison, resampling: Resampling, atoms: np.ndarray | None = None) -> Slopes:
    """The slopes over the frames, or over some atoms only: (sum n_atoms,) bool, at least one.

    Only frames that have such atoms are counted and drawn.
    """
    import numpy as np

    f, p = comparison.reference.forces, comparison.predicted.forces
    chosen = np.ones(len(f), dtype=bool) if atoms is None else atoms
    per_atom = np.stack([p * f, f * f, p * p, np.ones_like(f)], axis=2).sum(axis=1) * chosen[:, None]
    rows = comparison.sum_by_frame(per_atom)
    some = rows[:, 3] > 0
    rows, units = rows[some], comparison.units[some]
    known: dict[str, Any] = {"frames": len(rows), "units": len(np.unique(units)), "components": int(rows[:, 3].sum())}
    known["mae"] = float(np.abs(p[chosen] - f[chosen]).mean())
    if comparison.sampler == MINIMUM:
        return Slopes(None, None, None, None, None, cmae=None, **known)
    product, reference, predicted, _ = rows.sum(axis=0).tolist()
    still = is_still(f[chosen])
    scale = None if still else product / reference
    corrected = None if scale is None or scale <= 0 else float(np.abs(p[chosen] / scale - f[chosen]).mean())
    return Slopes(
        scale=scale,
        scale_interval=None if still else resampling.interval(rows, lambda sums: sums[:, 0] / sums[:, 1], units),
        r2=None if still or not predicted else product**2 / (predicted * reference),
        inverse_slope=product / predicted if predicted > 0 else None,
        inverse_slope_interval=resampling.interval(rows, lambda sums: sums[:, 0] / sums[:, 2], units),
        cmae=corrected,
        **known,
    )
