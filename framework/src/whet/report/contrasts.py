"""Contrasts: whether two fine-tunings differ, by more than the choice of frames and of the seed explains."""

from __future__ import annotations

from dataclasses import dataclass

from whet.bias.differences import force_difference
from whet.bias.resampling import Interval, Resampling
from whet.contracts.findings import Estimate
from whet.report.arms import Arm, absolute_by_frame, estimate_over


@dataclass(frozen=True)
class Contrast:
    """Force MAE of the second arm minus that of the first, eV/Å, mean over the seeds that both have.

    resolved: the interval over frames excludes zero, and so does (with several seeds) Student's 95 % interval over
    seeds. over_seeds: that interval, None for one seed or none in common.
    """

    change: Estimate
    over_seeds: Interval
    frames: int

    @property
    def resolved(self) -> bool:
        """Whether frames and seeds both tell the two apart."""
        intervals = [self.change.interval] + ([self.over_seeds] if self.change.seeds > 1 else [])
        return all(one is not None and not one[0] <= 0 <= one[1] for one in intervals)


def contrast(first: Arm, second: Arm) -> Contrast:
    """The paired difference of two arms of one test set. FrameError where no frame is common."""
    import numpy as np

    ones = {score.member.seed: score.comparison for score in first.scores}
    others = {score.member.seed: score.comparison for score in second.scores}
    seeds = [seed for seed in ones if seed in others]
    pairs = [(ones[s], others[s]) for s in seeds] or [(first.scores[0].comparison, second.scores[0].comparison)]
    found = [force_difference(one, other) for one, other in pairs]
    interval = found[0].interval
    if len(pairs) > 1:
        interval = None
        if len({comparison.indices for pair in pairs for comparison in pair}) == 1:
            rows = np.mean([absolute_by_frame(b) - absolute_by_frame(a) for a, b in pairs], axis=0)
            sizes = 3.0 * pairs[0][0].n_atoms
            interval = Resampling().interval(np.stack([rows, sizes], axis=1), lambda sums: sums[:, 0] / sums[:, 1])
    change = estimate_over([one.change for one in found], interval)
    return Contrast(change, _student(change), min(one.frames for one in found))


def _student(change: Estimate) -> Interval:
    from scipy.stats import t

    if change.value is None or change.spread is None:
        return None
    reach = float(t.ppf(0.975, change.seeds - 1)) * change.spread / change.seeds**0.5
    return change.value - reach, change.value + reach
