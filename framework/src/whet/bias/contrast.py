"""Contrast: whether two fine-tunings differ, by more than the choice of frames and of the seed explains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from whet.bias.differences import force_difference
from whet.bias.estimate import over_seeds
from whet.bias.pairs import Comparison
from whet.bias.resampling import Interval, Resampling
from whet.bias.series import absolute_by_frame
from whet.contracts.findings import Estimate


@dataclass(frozen=True)
class Contrast:
    """Force MAE of the second potential minus that of the first, eV/Å, mean over the seeds that both have.

    over_seeds: Student's 95 % interval over seeds, None for one seed or none in common.
    """

    change: Estimate
    over_seeds: Interval
    frames: int

    @property
    def resolved(self) -> bool:
        """Whether the intervals over frames and, with several seeds, over seeds both exclude zero."""
        intervals = [self.change.interval] + ([self.over_seeds] if self.change.seeds > 1 else [])
        return all(one is not None and not one[0] <= 0 <= one[1] for one in intervals)


def contrast(first: Mapping[int, Comparison], second: Mapping[int, Comparison]) -> Contrast:
    """The paired difference of two series on one set, each seed -> comparison. FrameError where no frame is common.

    Without a seed in common the first of each are compared.
    """
    import numpy as np

    pairs = [(one, second[seed]) for seed, one in first.items() if seed in second]
    pairs = pairs or [(next(iter(first.values())), next(iter(second.values())))]
    found = [force_difference(one, other) for one, other in pairs]
    interval = found[0].interval
    if len(pairs) > 1:
        interval = None
        if len({comparison.indices for pair in pairs for comparison in pair}) == 1:
            rows = np.mean([absolute_by_frame(b) - absolute_by_frame(a) for a, b in pairs], axis=0)
            rows = np.stack([rows, 3.0 * pairs[0][0].n_atoms], axis=1)
            interval = Resampling().interval(rows, lambda sums: sums[:, 0] / sums[:, 1], pairs[0][0].units)
    change = over_seeds([one.change for one in found], interval)
    return Contrast(change, _student(change), min(one.frames for one in found))


def _student(change: Estimate) -> Interval:
    from scipy.stats import t

    if change.value is None or change.spread is None:
        return None
    reach = float(t.ppf(0.975, change.seeds - 1)) * change.spread / change.seeds**0.5
    return change.value - reach, change.value + reach
