"""Arms: each potential before and after each fine-tuning, the repetitions with other seeds taken together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from whet.bias.differences import force_difference
from whet.bias.pairs import Comparison
from whet.bias.resampling import Interval, Resampling
from whet.bias.softening import slopes_of
from whet.report.numbers import Estimate
from whet.study.plan import Member, TestSet
from whet.study.results import Results, Score

if TYPE_CHECKING:
    import numpy as np

    from whet.study.study import Study

Series = tuple[str, str]
"""Potential and strategy: what one color or line stands for. The strategy is empty for the untouched potential."""


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
        """The reading of the slopes, counted where seeds disagree: `soft in 2 of 3 seeds, noise in 1`."""
        found = [score.softening.reading for score in self.scores]
        counts = {reading: found.count(reading) for reading in dict.fromkeys(found)}
        if len(counts) == 1:
            return found[0]
        return ", ".join(f"{reading} in {number} of {len(found)}" for reading, number in counts.items())

    @cached_property
    def scale(self) -> Estimate:
        """Softening scale; the interval is that of the mean over seeds."""
        interval = self._interval(
            lambda score: score.softening.slopes.scale_interval,
            lambda: slopes_of(_mean_prediction(self.scores), Resampling()).scale_interval,
        )
        return Estimate.over([score.softening.slopes.scale for score in self.scores], interval)

    @cached_property
    def mae(self) -> Estimate:
        """Force MAE, eV/Å; the interval is that of the mean over seeds."""
        interval = self._interval(
            lambda score: score.errors.forces.mae_interval,
            lambda: _mae_interval([score.comparison for score in self.scores]),
        )
        return Estimate.over([score.errors.forces.mae for score in self.scores], interval)

    def over_seeds(
        self, value: Callable[[Score], float | None], interval: Callable[[Score], Interval] | None = None
    ) -> Estimate:
        """Mean and spread of any number of a score; its interval only where there is one seed."""
        one = interval(self.scores[0]) if interval is not None and len(self.scores) == 1 else None
        return Estimate.over([value(score) for score in self.scores], one)

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

    rows = np.mean([_absolute_by_frame(one) for one in comparisons], axis=0)
    return Resampling().interval(
        np.stack([rows, 3.0 * comparisons[0].n_atoms], axis=1), lambda sums: sums[:, 0] / sums[:, 1]
    )


def _absolute_by_frame(comparison: Comparison) -> np.ndarray:
    import numpy as np

    off = np.abs(comparison.predicted.forces - comparison.reference.forces).sum(axis=1, keepdims=True)
    return comparison.sum_by_frame(off)[:, 0]


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
            rows = np.mean([_absolute_by_frame(b) - _absolute_by_frame(a) for a, b in pairs], axis=0)
            sizes = 3.0 * pairs[0][0].n_atoms
            interval = Resampling().interval(np.stack([rows, sizes], axis=1), lambda sums: sums[:, 0] / sums[:, 1])
    change = Estimate.over([one.change for one in found], interval)
    return Contrast(change, _student(change), min(one.frames for one in found))


def _student(change: Estimate) -> Interval:
    from scipy.stats import t

    if change.value is None or change.spread is None:
        return None
    reach = float(t.ppf(0.975, change.seeds - 1)) * change.spread / change.seeds**0.5
    return change.value - reach, change.value + reach


@dataclass(frozen=True)
class Findings:
    """What the sections draw on: a study, its results, and the arms of each test set, computed once."""

    study: Study
    results: Results
    _arms: dict[str, list[Arm]] = field(default_factory=dict)

    @cached_property
    def tests(self) -> list[TestSet]:
        """Independent and replay sets on which something was evaluated, the independent ones first."""
        scored = {score.test.name for score in self.results.scores}
        found = [test for test in self.results.plan.tests if test.kind != "self" and test.name in scored]
        return sorted(found, key=lambda test: test.kind != "independent")

    @property
    def main_test(self) -> TestSet | None:
        """The set that the first screen is about: the first independent one."""
        return next((test for test in self.tests if test.kind == "independent"), None)

    @property
    def potentials(self) -> list[str]:
        """Names of the potentials, in the order of the study file."""
        return list(self.study.file.potentials)

    @cached_property
    def series(self) -> list[Series]:
        """Every fine-tuned potential and strategy, in the plan's order."""
        return list(dict.fromkeys((m.potential, m.strategy) for m in self.results.plan.members if m.strategy))

    def arms(self, test: TestSet) -> list[Arm]:
        """Every arm of a set: by potential, the untouched one first, then one scale, then each strategy."""
        if test.name not in self._arms:
            self._arms[test.name] = self._gathered(test)
        return self._arms[test.name]

    def labels(self, member: Member) -> int | None:
        """Labeled frames that a fine-tuning took, for training and validation; None where it has not run."""
        found = self.results.training(member)
        return found["train"] + found["valid"] if found else None

    def shown_member(self, member: Member) -> str:
        """`main untouched`, `main periodic 3, seed 2`."""
        seed = f", seed {member.seed}" if member.one_of_several else ""
        return f"{member.potential} {state(member)}{seed}"

    def _gathered(self, test: TestSet) -> list[Arm]:
        groups: dict[tuple, list[Score]] = {}
        for score in self.results.scores:
            if score.test == test:
                member = score.member
                of = tuple(one.strategy for one in score.one_scale)
                groups.setdefault((member.potential, of, member.strategy, member.round, member.size), []).append(score)
        found = []
        for (potential, of, strategy, _, _), scores in groups.items():
            rivals = {key[1] for key in groups if key[0] == potential and key[1]}
            which = f" from {', '.join(of)}" if len(rivals) > 1 else ""
            name = f"one scale{which}" if of else state(scores[0].member)
            labels = [0 if not strategy else self.labels(score.member) or 0 for score in scores]
            found.append(Arm(potential, strategy, name, tuple(scores), (1,) if of else tuple(labels)))
        places = {name: place for place, name in enumerate(self.potentials)}
        return sorted(found, key=lambda arm: (places[arm.potential], not arm.untouched, not arm.corrected))


def state(member: Member) -> str:
    """`untouched`, `periodic 3`, `few, 100 frames`."""
    if not member.strategy:
        return "untouched"
    if member.size is not None:
        return f"{member.strategy}, {member.size} frame{'' if member.size == 1 else 's'}"
    return f"{member.strategy} {member.round}"
