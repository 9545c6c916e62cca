"""RobustSlope: a softening scale that exploded predictions cannot move, and the frames that it discounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.resampling import Resampling
from whet.contracts.findings import Interval

if TYPE_CHECKING:
    import numpy as np

    from whet.bias.pairs import Comparison

STILL = 1e-5
"""eV/Å, root mean square; smaller reference forces are those of a minimum or a perfect crystal, and rounding."""

HUBER = 1.345
"""Robust standard deviations beyond which a residual counts linearly (95 % efficient for normal noise; Huber 1964)."""

FLAGGED = 6.0
"""Robust standard deviations beyond which a component is flagged."""

ABSURD = 3.0
"""Predicted over reference force beyond which a frame's prediction is absurd."""


@dataclass(frozen=True)
class RobustSlope:
    """Huber's slope of predicted on reference force components, through the origin.

    interval: over independent units, with the weights of the fit held fixed. discounted: places of the frames that were
    taken out before the fit. scale is None where every frame is, or all reference forces are zero.

    Discounted is a frame whose largest predicted force is over 3 times the largest reference force (of the frame, or
    the set's 99th percentile where that is larger), or in which over half of the components are further from the robust
    line than 6 robust standard deviations and than the reference force itself; for a stiff potential reference forces
    are taken times its robust scale.
    """

    scale: float | None
    interval: Interval
    discounted: tuple[int, ...]


def robust_slope(comparison: Comparison, resampling: Resampling) -> RobustSlope:
    """The robust slope of a comparison; none, and no frame discounted, where all reference forces are zero.

    Neither softness nor ordinary noise discounts a frame: a prediction of zero is off by just the reference force.
    Small forces weigh more than in least squares, so where softness grows with the force the two slopes differ.
    """
    import numpy as np

    reference, predicted = comparison.reference.forces, comparison.predicted.forces
    if is_still(reference):
        return RobustSlope(None, None, ())
    frame = comparison.frame_of_atom
    start = least_absolute_slope(reference.ravel(), predicted.ravel())
    bad = _absurd(comparison, max(1.0, abs(start)))
    if bad.all():
        return RobustSlope(None, None, tuple(range(len(comparison))))
    good = ~bad[frame]
    if is_still(reference[good]):
        return RobustSlope(None, None, tuple(np.flatnonzero(bad).tolist()))
    scale, spread, _ = huber_slope(reference[good].ravel(), predicted[good].ravel())
    off = predicted - scale * reference
    beyond = np.linalg.norm(off, axis=1) > max(1.0, abs(scale)) * np.linalg.norm(reference, axis=1)
    flagged = (np.abs(off) > FLAGGED * spread) & beyond[:, None]
    share = comparison.sum_by_frame(flagged.sum(axis=1, keepdims=True))[:, 0] / (3 * comparison.n_atoms)
    bad = bad | (share > 0.5)
    good = ~bad[frame]
    discounted = tuple(np.flatnonzero(bad).tolist())
    if is_still(reference[good]):
        return RobustSlope(None, None, discounted)
    scale, _, weights = huber_slope(reference[good].ravel(), predicted[good].ravel())
    sums = np.zeros((len(reference), 2))
    sums[good, 0] = (weights.reshape(-1, 3) * reference[good] * predicted[good]).sum(axis=1)
    sums[good, 1] = (weights.reshape(-1, 3) * reference[good] ** 2).sum(axis=1)
    rows = comparison.sum_by_frame(sums)[~bad]
    interval = resampling.interval(rows, lambda drawn: drawn[:, 0] / drawn[:, 1], comparison.units[~bad])
    return RobustSlope(scale, interval, discounted)


def is_still(forces: np.ndarray) -> bool:
    """Whether reference forces, (n, 3) eV/Å, are all zero to within STILL: no slope is defined there."""
    import numpy as np

    return bool(np.sqrt(np.mean(np.square(forces))) < STILL)


def least_absolute_slope(x: np.ndarray, y: np.ndarray) -> float:
    """The s that minimizes Σ|y − s x|: the median of y/x weighted by |x|. x and y: (n,), x not all zero."""
    import numpy as np

    used = x != 0
    ratio, weight = y[used] / x[used], np.abs(x[used])
    order = np.argsort(ratio)
    cumulative = np.cumsum(weight[order])
    return float(ratio[order][np.searchsorted(cumulative, cumulative[-1] / 2)])


def huber_slope(x: np.ndarray, y: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Huber's slope of y on x through the origin, by iteratively reweighted least squares.

    s = Σw x y/Σw x² with w = min(1, 1.345 σ/|y − s x|) and σ = 1.4826 median |y − s x|.
    x, y: (n,), x not all zero. Returns the slope, the robust standard deviation of the residuals (1.4826 times their
    median absolute value) and the final weights (n,). Where over half of the points lie on one line exactly, that
    line is the answer.
    """
    import numpy as np

    slope = least_absolute_slope(x, y)
    # Components that vanish by symmetry are predicted without error and would pull the spread to zero.
    informative = np.abs(x) > 1e-3 * np.sqrt(np.mean(x**2))
    spread, weights = 0.0, np.ones_like(x)
    for _ in range(100):
        off = np.abs(y - slope * x)
        spread = 1.4826 * float(np.median(off[informative]))
        exact = 1e-12 * float(np.abs(slope * x).max())
        if spread <= exact:
            return slope, 0.0, (off <= exact).astype(float)
        weights = np.minimum(1.0, HUBER * spread / np.maximum(off, HUBER * spread))
        new = float((weights * x * y).sum() / (weights * x * x).sum())
        done = abs(new - slope) <= 1e-12 * max(abs(new), 1e-12)
        slope = new
        if done:
            break
    return slope, spread, weights


def _absurd(comparison: Comparison, stiff: float) -> np.ndarray:
    """(n_frames,) bool: the prediction is out of all proportion. stiff: the slope of the bulk where it is above 1."""
    import numpy as np

    reference = np.linalg.norm(comparison.reference.forces, axis=1)
    predicted = np.linalg.norm(comparison.predicted.forces, axis=1)
    starts = np.cumsum(comparison.n_atoms) - comparison.n_atoms
    usual = np.maximum(np.maximum.reduceat(reference, starts), np.percentile(reference, 99))
    return np.maximum.reduceat(predicted, starts) > ABSURD * stiff * usual
