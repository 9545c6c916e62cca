"""Series: one potential in one state on one set, its repetitions with other seeds together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from whet.bias.errors import Errors, errors
from whet.bias.estimate import over_seeds
from whet.bias.pairs import Comparison
from whet.bias.resampling import Resampling
from whet.bias.softening import Softening, slopes_of, softening
from whet.contracts.findings import Estimate, Interval
from whet.contracts.reference_energies import ReferenceEnergies

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Score:
    """One potential on one set: the comparison, and what was measured on it."""

    comparison: Comparison
    errors: Errors
    softening: Softening

    @classmethod
    def of(cls, comparison: Comparison, given: ReferenceEnergies | None = None) -> Score:
        """given: reference energies fitted elsewhere."""
        return cls(comparison, errors(comparison, given), softening(comparison))

    def doubted(self, why: str) -> Score:
        """Without a curvature, where the frames are no ensemble from which one is read; as it is without a reason."""
        if not why:
            return self
        curvature = self.softening.curvature.doubted(why)
        return replace(self, softening=replace(self.softening, curvature=curvature))


@dataclass(frozen=True, eq=False)
class Series:
    """Scores of one potential in one state on one set, one for each seed."""

    scores: Sequence[Score]

    @property
    def frames(self) -> int:
        """Frames counted, the fewest of any seed."""
        return min(score.errors.frames for score in self.scores)

    @property
    def left_out(self) -> int:
        """Frames left out, the most of any seed."""
        return max(len(score.errors.left_out) for score in self.scores)

    @property
    def readings(self) -> str:
        """The reading of the curvature, counted where seeds disagree: `soft 2/3, undecided 1/3`."""
        found = [score.softening.reading for score in self.scores]
        counts = {reading: found.count(reading) for reading in dict.fromkeys(found)}
        if len(counts) == 1:
            return found[0]
        return ", ".join(f"{reading} {number}/{len(found)}" for reading, number in counts.items())

    @cached_property
    def scale(self) -> Estimate:
        """Softening scale; the interval is that of the mean over seeds."""
        interval = self._interval(
            lambda score: score.softening.slopes.scale_interval,
            lambda: slopes_of(_mean_prediction(self.scores), Resampling()).scale_interval,
        )
        return over_seeds([score.softening.slopes.scale for score in self.scores], interval)

    @cached_property
    def curvature(self) -> Estimate:
        """Ratio of curvatures; no value where frames do not decide. The interval is that of the mean over seeds."""
        found = [score.softening.curvature for score in self.scores]
        interval = self._interval(lambda score: score.softening.curvature.interval, self._mean_curvature)
        return over_seeds([one.ratio for one in found], interval)

    @cached_property
    def bounds(self) -> Interval:
        """s and 1/b of the frames that are not discounted, means over seeds."""
        lower, upper = (
            self.mean(lambda one, end=end: getattr(one.softening.curvature, end)) for end in ("lower", "upper")
        )
        return None if lower is None or upper is None else (lower, upper)

    def _mean_curvature(self) -> Interval:
        """Of s only, and where no seed has discounted a frame: s is linear in the predictions, and 1/b is not."""
        slopes = {score.softening.curvature.slope for score in self.scores}
        if slopes != {"s"} or any(score.softening.discounted_frames for score in self.scores):
            return None
        return slopes_of(_mean_prediction(self.scores), Resampling()).scale_interval

    @cached_property
    def mae(self) -> Estimate:
        """Force MAE, eV/Å; the interval is that of the mean over seeds."""
        interval = self._interval(
            lambda score: score.errors.forces.mae_interval,
            lambda: _mean_interval([score.comparison for score in self.scores]),
        )
        return over_seeds([score.errors.forces.mae for score in self.scores], interval)

    def estimate(
        self, value: Callable[[Score], float | None], interval: Callable[[Score], Interval] | None = None
    ) -> Estimate:
        """Mean and spread of any number of a score; its interval only where there is one seed."""
        one = interval(self.scores[0]) if interval is not None and len(self.scores) == 1 else None
        return over_seeds([value(score) for score in self.scores], one)

    def mean(self, value: Callable[[Score], float | None]) -> float | None:
        """Mean over seeds of any number of a score; None where one of them has none."""
        return self.estimate(value).value

    def _interval(self, of_one: Callable[[Score], Interval], of_mean: Callable[[], Interval]) -> Interval:
        if len(self.scores) == 1:
            return of_one(self.scores[0])
        # Where seeds left out different frames, no bootstrap speaks for their mean.
        same = {score.comparison.indices for score in self.scores}
        return of_mean() if len(same) == 1 else None


def softness(ratio: Estimate) -> Estimate:
    """|1 − ratio| of curvatures, with the interval that it takes over: down to 0 where that of the ratio covers 1."""
    if ratio.value is None:
        return ratio
    interval = None
    if ratio.interval is not None:
        ends = [abs(1 - end) for end in ratio.interval]
        covers = ratio.interval[0] <= 1 <= ratio.interval[1]
        interval = (0.0 if covers else min(ends), max(ends))
    return Estimate(abs(1 - ratio.value), interval, ratio.spread, ratio.seeds)


def absolute_by_frame(comparison: Comparison) -> np.ndarray:
    """Sum of the absolute differences of the force components of each frame, (n_frames,) eV/Å."""
    import numpy as np

    off = np.abs(comparison.predicted.forces - comparison.reference.forces).sum(axis=1, keepdims=True)
    return comparison.sum_by_frame(off)[:, 0]


def _mean_prediction(scores: Sequence[Score]) -> Comparison:
    """The scale is linear in the predictions: that of the mean prediction is the mean of the scales."""
    import numpy as np

    mean = np.mean([score.comparison.predicted.forces for score in scores], axis=0)
    return scores[0].comparison.with_forces(mean, "mean over seeds")


def _mean_interval(comparisons: Sequence[Comparison]) -> Interval:
    import numpy as np

    rows = np.mean([absolute_by_frame(one) for one in comparisons], axis=0)
    rows = np.stack([rows, 3.0 * comparisons[0].n_atoms], axis=1)
    return Resampling().interval(rows, lambda sums: sums[:, 0] / sums[:, 1], comparisons[0].units)
