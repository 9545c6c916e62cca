"""ResidualTrace: the error of the energy along a trajectory (Wong & Yang, figure 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.errors import energy_residuals, fitted_here
from whet.bias.pairs import Comparison, LeftOut
from whet.bias.resampling import Interval, Resampling, interval_json
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.errors import InputError
from whet.data.identity import JSON

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class ResidualTrace:
    """(E_predicted − E_reference) / n_atoms against time.

    times: (n_frames,) fs. residuals: (n_frames,) meV/atom. mean and deviation (standard): meV/atom. drift: slope of
    the least-squares line, meV/atom per ps; None where the times are all the same. alignment: `none`, `given`
    (reference energies fitted elsewhere) or `fitted here`, which makes the mean zero along one trajectory, as its
    composition does not change: only drift and deviation say something then.
    """

    times: np.ndarray
    residuals: np.ndarray
    mean: float
    mean_interval: Interval
    deviation: float
    drift: float | None
    drift_interval: Interval
    alignment: str
    left_out: tuple[LeftOut, ...]

    def as_json(self) -> dict[str, JSON]:
        """Plain data.

        | key                             | value                                   |
        |---------------------------------|-----------------------------------------|
        | times                           | [fs]                                    |
        | residuals                       | [meV/atom]                              |
        | mean, deviation                 | meV/atom                                |
        | drift                           | meV/atom per ps, or null                |
        | mean_interval, drift_interval   | [low, high] in the same unit, or null   |
        | alignment                       | `none`, `given` or `fitted here`        |
        | frames                          | count                                   |
        | left_out                        | [{`index`, `reason`}]                   |
        """
        return {
            "times": self.times.tolist(),
            "residuals": self.residuals.tolist(),
            "mean": self.mean,
            "mean_interval": interval_json(self.mean_interval),
            "deviation": self.deviation,
            "drift": self.drift,
            "drift_interval": interval_json(self.drift_interval),
            "alignment": self.alignment,
            "frames": len(self.times),
            "left_out": [one.as_json() for one in self.left_out],
        }


def residual_trace(
    comparison: Comparison,
    times: Sequence[float],
    given: ReferenceEnergies | None = None,
    *,
    fit_here: bool = False,
    resampling: Resampling | None = None,
) -> ResidualTrace:
    """The residual along a trajectory, of which the comparison holds the labeled frames.

    times: fs, one for each frame that was given, the left-out ones included: `times[index]` belongs to the frame of
    that index. given: reference energies fitted elsewhere. fit_here: fit them on these frames instead. InputError where
    the times do not fit the frames, and where both alignments are asked for.
    """
    import numpy as np

    if given is not None and fit_here:
        raise InputError("reference energies are given and to be fitted here", hint="Choose one of the two")
    total = len(comparison) + len(comparison.left_out)
    if len(times) != total or max(comparison.indices) >= total:
        raise InputError(
            f"{len(times)} times do not fit {total} frames, {len(comparison.left_out)} of them left out",
            hint="Give one time (fs) for each frame of the trajectory",
        )
    draws = resampling or Resampling()
    t = np.array([times[index] for index in comparison.indices], dtype=float)
    r = energy_residuals(comparison, fitted_here(comparison) if fit_here else given)
    ps = (t - t.mean()) / 1000
    one = np.ones_like(r)
    rows = np.stack([one, ps, ps * ps, r, ps * r], axis=1)
    moving = bool((ps != 0).any())
    return ResidualTrace(
        times=t,
        residuals=r,
        mean=float(r.mean()),
        mean_interval=draws.interval(rows, lambda sums: sums[:, 3] / sums[:, 0], comparison.units),
        deviation=float(r.std()),
        drift=float(_slope(rows.sum(axis=0, keepdims=True))[0]) if moving else None,
        drift_interval=draws.interval(rows, _slope, comparison.units) if moving else None,
        alignment="given" if given is not None else "fitted here" if fit_here else "none",
        left_out=comparison.left_out,
    )


def _slope(sums: np.ndarray) -> np.ndarray:
    """Least-squares slopes (m,) from sums (m, 5) of 1, t, t², r and t r."""
    count, t, tt, r, tr = sums.T
    return (count * tr - t * r) / (count * tt - t * t)
