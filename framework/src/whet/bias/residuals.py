"""ResidualTrace: the error of the energy along a trajectory (Wong & Yang, figure 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.errors import energy_residuals
from whet.bias.pairs import Comparison, LeftOut
from whet.bias.resampling import Resampling
from whet.bias.settled import SMALL_TREND
from whet.contracts.findings import Interval
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.errors import InputError
from whet.data.frame_groups import units_in_words

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class ResidualTrace:
    """(E_predicted − E_reference) / n_atoms against time.

    times: (n_frames,) fs. residuals: (n_frames,) meV/atom. mean: meV/atom, over all frames. deviation: meV/atom, the
    standard deviation about the mean of each trajectory. drift: meV/atom per ps, the mean over trajectories of the
    slope of each one's least-squares line; None where none has two times. spans: ps, of the runs that have one.
    Intervals: over trajectories, none below four. Whether the series allows a drift and a deviation is `Settled`'s to
    say. alignment: `none` or `given` (reference energies fitted elsewhere).
    """

    times: np.ndarray
    residuals: np.ndarray
    mean: float
    mean_interval: Interval
    deviation: float
    drift: float | None
    drift_interval: Interval
    spans: tuple[float, ...]
    alignment: str
    trajectories: int
    left_out: tuple[LeftOut, ...]

    @property
    def drifts(self) -> str:
        """`up`, `down`, `no`, `undecided`, `undecided: 3 trajectories`; empty where there is no drift.

        Up or down: the interval excludes 0. No: all of it changes the residual over a run by half a standard deviation
        at most, which is too little to call a series unsettled (`Settled`).
        """
        if self.drift is None:
            return ""
        if self.drift_interval is None:
            return f"undecided: {units_in_words(len(self.spans), 'trajectories')}"
        low, high = self.drift_interval
        if not low <= 0 <= high:
            return "up" if self.drift > 0 else "down"
        change = max(-low, high) * sum(self.spans) / len(self.spans)
        return "no" if change <= SMALL_TREND * self.deviation else "undecided"


def residual_trace(
    comparison: Comparison,
    times: Sequence[float],
    given: ReferenceEnergies | None = None,
    *,
    resampling: Resampling | None = None,
) -> ResidualTrace:
    """The residual along the trajectories of one potential, of which the comparison holds the labeled frames.

    The units of the comparison are the trajectories. times: fs, one for each frame that was given, the left-out ones
    included: `times[index]` belongs to the frame of that index. given: reference energies fitted elsewhere.
    InputError where the times do not fit the frames.
    """
    import numpy as np

    total = len(comparison) + len(comparison.left_out)
    if len(times) != total or max(comparison.indices) >= total:
        raise InputError(
            f"{len(times)} times do not fit {total} frames, {len(comparison.left_out)} of them left out",
            hint="Give one time (fs) for each frame of the trajectory",
        )
    draws = resampling or Resampling()
    t = np.array([times[index] for index in comparison.indices], dtype=float)
    r = energy_residuals(comparison, given)
    runs = [comparison.units == unit for unit in np.unique(comparison.units)]
    about = np.concatenate([r[run] - r[run].mean() for run in runs])
    moving = [run for run in runs if np.ptp(t[run]) > 0]
    slopes = [_slope(t[run] / 1000, r[run]) for run in moving]
    return ResidualTrace(
        times=t,
        residuals=r,
        mean=float(r.mean()),
        mean_interval=draws.interval(_with_ones(r), _mean, comparison.units),
        deviation=float(about.std()),
        drift=float(np.mean(slopes)) if slopes else None,
        drift_interval=draws.interval(_with_ones(np.array(slopes)), _mean) if slopes else None,
        spans=tuple(float(np.ptp(t[run])) / 1000 for run in moving),
        alignment="none" if given is None else "given",
        trajectories=len(runs),
        left_out=comparison.left_out,
    )


def _slope(times: np.ndarray, values: np.ndarray) -> float:
    """Of the least-squares line."""
    t = times - times.mean()
    return float(t @ values / (t @ t))


def _with_ones(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.stack([values, np.ones_like(values)], axis=1)


def _mean(sums: np.ndarray) -> np.ndarray:
    return sums[:, 0] / sums[:, 1]
