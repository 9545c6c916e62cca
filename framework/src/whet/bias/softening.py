"""Softening: how much too small predicted forces are, and whether noise alone would look the same (Deng et al.)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from whet.bias.pairs import Comparison, LeftOut
from whet.bias.resampling import Interval, Resampling, interval_json
from whet.bias.robust_slope import robust_slope
from whet.data.errors import FrameError
from whet.data.identity import JSON

if TYPE_CHECKING:
    import numpy as np

FEWEST_FRAMES = 5
"""Below it a bootstrap over frames says too little for a verdict."""

Reading = Literal["soft", "stiff", "noise", "not soft", "undecided"]


@dataclass(frozen=True)
class Slopes:
    """Slopes through the origin between reference components f and predicted components p, all without unit.

    scale: s = Σpf/Σf², the softening scale. inverse_slope: b = Σpf/Σp². r2: R² = (Σpf)²/(Σp² Σf²), the share of Σf²
    that the best-scaled prediction explains.

    Why this R²: it does not change when the predictions are scaled, and s = R²/b holds exactly. So s falls short of 1
    by two factors: R², which noise takes, and 1/b, which softness takes. For a calibrated predictor (f = p + e with e
    uncorrelated to p) Σpf = Σp², hence b = 1 and s = R². (1 − Σ(p−f)²/Σf² also equals s there, but mixes the two.)

    scale, its interval and r2 are None where the reference forces are all zero; inverse_slope and r2 where the
    predicted ones are. cmae: mean |p/s − f| in eV/Å, the error that is left once the scale is corrected to 1; None
    where s is not positive.
    """

    scale: float | None
    scale_interval: Interval
    r2: float | None
    inverse_slope: float | None
    inverse_slope_interval: Interval
    mae: float
    cmae: float | None
    frames: int
    components: int

    def as_json(self) -> dict[str, JSON]:
        """Plain data.

        | key                                    | value                                        |
        |----------------------------------------|----------------------------------------------|
        | scale, r2, inverse_slope               | numbers without unit, or null                |
        | scale_interval, inverse_slope_interval | [low, high], or null                         |
        | mae, cmae                              | eV/Å before and after correction; cmae or null |
        | frames, components                     | counts                                       |
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
            "components": self.components,
        }


@dataclass(frozen=True)
class Softening:
    """The softening of one potential on one set of frames.

    slopes: over all frames. robust_scale: Huber's slope without the discounted frames (see `robust_slope`).
    discounted_frames: their indices. kept: the slopes without them (`slopes` itself where none is discounted; None
    where every frame is). reading and verdict: read from `kept`; see `verdict_on`.
    """

    slopes: Slopes
    robust_scale: float | None
    robust_scale_interval: Interval
    discounted_frames: tuple[int, ...]
    kept: Slopes | None
    reading: Reading
    verdict: str
    left_out: tuple[LeftOut, ...]
    correction: str

    def as_json(self) -> dict[str, JSON]:
        """Plain data: the keys of `Slopes.as_json` over all frames, and

        | key                   | value                                                          |
        |-----------------------|----------------------------------------------------------------|
        | robust_scale          | number without unit, or null                                   |
        | robust_scale_interval | [low, high], or null                                           |
        | discounted_frames     | indices                                                        |
        | kept                  | {keys of `Slopes.as_json`} without discounted frames, or null  |
        | reading               | `soft`, `stiff`, `noise`, `not soft` or `undecided`            |
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
            "reading": self.reading,
            "verdict": self.verdict,
            "left_out": [one.as_json() for one in self.left_out],
            "correction": self.correction,
        }


def softening(comparison: Comparison, resampling: Resampling | None = None) -> Softening:
    """The softening of a comparison. FrameError where all reference forces are zero: no slope is defined then."""
    draws = resampling or Resampling()
    if not comparison.reference.forces.any():
        raise FrameError(
            f"all reference forces of the {len(comparison)} frames are zero, so no softening scale is defined",
            hint="Give frames away from equilibrium",
        )
    slopes = slopes_of(comparison, draws)
    robust = robust_slope(comparison, draws)
    rest = [place for place in range(len(comparison)) if place not in set(robust.discounted)]
    kept = slopes if len(rest) == len(comparison) else slopes_of(comparison.take(rest), draws) if rest else None
    reading, verdict = verdict_on(kept, len(robust.discounted))
    return Softening(
        slopes=slopes,
        robust_scale=robust.scale,
        robust_scale_interval=robust.interval,
        discounted_frames=tuple(comparison.indices[place] for place in robust.discounted),
        kept=kept,
        reading=reading,
        verdict=verdict,
        left_out=comparison.left_out,
        correction=comparison.correction,
    )


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
    product, reference, predicted, count = rows.sum(axis=0).tolist()
    scale = product / reference if reference > 0 else None
    corrected = None if scale is None or scale <= 0 else float(np.abs(p[chosen] / scale - f[chosen]).mean())
    return Slopes(
        scale=scale,
        scale_interval=resampling.interval(rows, lambda sums: sums[:, 0] / sums[:, 1], units),
        r2=product**2 / (predicted * reference) if predicted * reference > 0 else None,
        inverse_slope=product / predicted if predicted > 0 else None,
        inverse_slope_interval=resampling.interval(rows, lambda sums: sums[:, 0] / sums[:, 2], units),
        mae=float(np.abs(p[chosen] - f[chosen]).mean()),
        cmae=corrected,
        frames=len(rows),
        components=int(count),
    )


def verdict_on(slopes: Slopes | None, discounted: int = 0) -> tuple[Reading, str]:
    """A short honest reading of slopes, from which `discounted` frames were taken out.

    Soft: the intervals of the scale and of the inverse slope lie below and above 1. Noise cannot imitate that: noise
    of a calibrated predictor leaves the inverse slope at 1, noise independent of the true force lowers it. So noise
    may hide softness, and "noise" means that softness is not shown, not that there is none. Stiff: the interval of the
    scale lies above 1. A calibrated predictor is called soft by chance in 2.5 % of sets of many frames, in about 8 %
    of sets of 5.
    """
    aside = f" ({discounted} discounted)" if discounted else ""
    if slopes is None or slopes.frames < discounted:
        return "undecided", f"undecided: {discounted} frames, most of all, are discounted as wrong beyond any scale"
    if slopes.frames < FEWEST_FRAMES:
        return "undecided", f"undecided: {slopes.frames} frames{aside} are too few, {FEWEST_FRAMES} are needed"
    if slopes.scale is not None and slopes.scale <= 0:
        return "undecided", f"undecided: scale {slopes.scale:.3f}{aside}, the predictions do not follow the reference"
    s, b = slopes.scale_interval, slopes.inverse_slope_interval
    if slopes.scale is None or slopes.inverse_slope is None or s is None or b is None:
        return "undecided", f"undecided: in too many of the {slopes.frames} frames{aside} all forces are zero"
    scale = f"scale {slopes.scale:.3f} [{s[0]:.3f}, {s[1]:.3f}]{aside}"
    inverse = f"inverse slope {slopes.inverse_slope:.3f} [{b[0]:.3f}, {b[1]:.3f}]"
    if b[0] > 1 and s[1] < 1:
        short = f"{100 * (1 - 1 / slopes.inverse_slope):.1f} %"
        return "soft", f"soft beyond what noise explains, by {short}: {scale}, {inverse}"
    if s[0] > 1:
        return "stiff", f"stiff, forces are over-predicted: {scale}, {inverse}"
    if s[1] < 1:
        return "noise", f"not shown to be soft, noise alone could make the scale so small: {scale}, {inverse}"
    return "not soft", f"no softness seen: {scale}, {inverse}"
