"""Arms: each potential before and after each fine-tuning, the repetitions with other seeds taken together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from whet.bias.pairs import Comparison
from whet.bias.resampling import Interval, Resampling
from whet.bias.softening import slopes_of
from whet.contracts.findings import Estimate
from whet.study.plan import Member
from whet.study.results import Score

if TYPE_CHECKING:
    import numpy as np

Series = tuple[str, str]
"""Potential and strategy: what one color or line stands for. The strategy is empty for the untouched potential."""


def estimate_over(values: Sequence[float | None], interval: Interval) -> Estimate:
    """The mean over seeds; `interval` is that of the mean. No value where one of the seeds has none."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return Estimate(None, seeds=len(values))
    mean = sum(known) / len(known)
    off = sum((value - mean) ** 2 for value in known)
    spread = math.sqrt(off / (len(known) - 1)) if len(known) > 1 else None
    return Estimate(mean, interval, spread, len(known))


@dataclass(frozen=True, eq=False)
class Arm:
    """One potential in one state on one test set; scores has one entry for each seed.

    state: `untouched`, `one scale`, `periodic 3`, `few, 100 frames`. labels: frames whose labels it took (training
    and validation), one number for each seed.
    """

    potential: str
    strategy: str
    state: str
    scores: tuple[Score, ...]
    labels: tuple[int, ...]

    @property
    def untouched(self) -> bool:
        """Whether nothing was done to it."""
        return not self.strategy and not self.corrected

    @property
    def corrected(self) -> bool:
        """Whether its predictions were only divided by one scale."""
        return bool(self.scores[0].one_scale)

    @property
    def last(self) -> bool:
        """Whether its strategy ended with it."""
        return self.scores[0].member.last

    @property
    def series(self) -> Series:
        """What its color stands for."""
        return self.potential, self.strategy

    @property
    def frames(self) -> int:
        """Frames counted, the fewest of any seed."""
        return min(score.errors.frames for score in self.scores)

    @property
    def left_out(self) -> int:
        """Frames left out, the most of any seed."""
        return max(len(score.errors.left_out) for score in self.scores)

    @property
    def labels_shown(self) -> str:
        """`7`, or `6–7` where the seeds differ."""
        low, high = min(self.labels), max(self.labels)
        return f"{low}" if low == high else f"{low}–{high}"

    @property
    def readings(self) -> str:
        """The reading of the slopes, counted where seeds disagree: `soft 2/3, noise 1/3`."""
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
        return estimate_over([score.softening.slopes.scale for score in self.scores], interval)

    @cached_property
    def mae(self) -> Estimate:
        """Force MAE, eV/Å; the interval is that of the mean over seeds."""
        interval = self._interval(
            lambda score: score.errors.forces.mae_interval,
            lambda: _mae_interval([score.comparison for score in self.scores]),
        )
        return estimate_over([score.errors.forces.mae for score in self.scores], interval)

    def over_seeds(
        self, value: Callable[[Score], float | None], interval: Callable[[Score], Interval] | None = None
    ) -> Estimate:
        """Mean and spread of any number of a score; its interval only where there is one seed."""
        one = interval(self.scores[0]) if interval is not None and len(self.scores) == 1 else None
        return estimate_over([value(score) for score in self.scores], one)

    def _interval(self, of_one: Callable[[Score], Interval], of_mean: Callable[[], Interval]) -> Interval:
        if len(self.scores) == 1:
            return of_one(self.scores[0])
        # Where seeds left out different frames, no bootstrap over frames speaks for their mean.
        same = {score.comparison.indices for score in self.scores}
        return of_mean() if len(same) == 1 else None


def _mean_prediction(scores: Sequence[Score]) -> Comparison:
    """The scale is linear in the predictions: that of the mean prediction is the mean of the scales."""
    import numpy as np

    mean = np.mean([score.comparison.predicted.forces for score in scores], axis=0)
    return scores[0].comparison.with_forces(mean, "mean over seeds")


def _mae_interval(comparisons: Sequence[Comparison]) -> Interval:
    import numpy as np

    rows = np.mean([absolute_by_frame(one) for one in comparisons], axis=0)
    return Resampling().interval(
        np.stack([rows, 3.0 * comparisons[0].n_atoms], axis=1), lambda sums: sums[:, 0] / sums[:, 1]
    )


def absolute_by_frame(comparison: Comparison) -> np.ndarray:
    """Sum of the absolute differences of the force components of each frame, (n_frames,) eV/Å."""
    import numpy as np

    off = np.abs(comparison.predicted.forces - comparison.reference.forces).sum(axis=1, keepdims=True)
    return comparison.sum_by_frame(off)[:, 0]


def state(member: Member) -> str:
    """`untouched`, `periodic 3`, `few, 100 frames`."""
    if not member.strategy:
        return "untouched"
    if member.size is not None:
        return f"{member.strategy}, {member.size} frame{'' if member.size == 1 else 's'}"
    return f"{member.strategy} {member.round}"
