"""TrainingSpace: principal components of training data, limits beyond which an environment is unlike them, the null.

Environments that limits flag are unlike the training data, not unphysical.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whet.bias.environment_scores import EnvironmentScores
from whet.bias.feature_sums import FeatureSums
from whet.bias.held_out import HeldOut
from whet.bias.hotelling import hotelling_limit
from whet.bias.principal_components import PrincipalComponents
from whet.bias.q_flags import QFlags
from whet.bias.q_limits import QLimits, QMoments

if TYPE_CHECKING:
    import numpy as np

    from whet.bias.environment_scores import TakenApart
    from whet.bias.q_flags import Chunks

LEAST_LEFT = 1e-3
"""Share of the scatter below which what is left without a trajectory is summed anew: rounding is that of the whole."""

WHOLE = -1
"""In the place of a trajectory: nothing is held out."""


@dataclass(frozen=True, eq=False)
class TrainingSpace:
    """A training set as others are held against it.

    components: its PCA. limits: of Q-residuals. t_squared: the limit of T². held_out: of each trajectory that was held
    out, what the space of the others says of it; none of a single trajectory.
    """

    components: PrincipalComponents
    limits: QLimits
    t_squared: float
    held_out: Sequence[EnvironmentScores] = ()

    @classmethod
    def fit(
        cls,
        trajectories: Sequence[Callable[[], Chunks]],
        components: int = 5,
        *,
        most: int | None = None,
        confidence: float = 0.95,
    ) -> TrainingSpace:
        """trajectories: what gives the chunks of each, as often as asked: twice, and thrice of one that is held out.

        most: to hold out, evenly spread over them; by default all. Each is held against the PCA and the limits of the
        others: what it adds to the sums is taken away from those of the whole, so no refit looks at the others again.
        None is held out whose others are fewer than two environments. Raises InputError for too few environments.
        """
        whole = FeatureSums.of(features for chunks in trajectories for features, _ in chunks())
        spaces = {WHOLE: (PrincipalComponents.of_sums(whole, components), whole.count)}
        for number in _evenly(len(trajectories), most) if len(trajectories) > 1 else ():
            if left := _without(whole, trajectories, number):
                spaces[number] = (PrincipalComponents.of_sums(left, components), left.count)
        moments = {number: QMoments() for number in spaces}
        taken: dict[int, list[TakenApart]] = {number: [] for number in spaces}
        for place, chunks in enumerate(trajectories):
            for features, symbols in chunks():
                for number, (space, _) in spaces.items():
                    projected, q = space.taken_apart(features)
                    if number == place:
                        taken[number].append((projected, q, symbols))
                    else:
                        moments[number].add(q, symbols)
        found = {
            number: cls(one, moments[number].limits(one, confidence), hotelling_limit(count, components, confidence))
            for number, (one, count) in spaces.items()
        }
        whole_space = found.pop(WHOLE)
        return replace(whole_space, held_out=[one.graded(taken[number]) for number, one in found.items()])

    def scores(self, chunks: Chunks) -> EnvironmentScores:
        """Of the frames of a set, a chunk each, in one pass. InputError where features are others."""
        return self.graded((*self.components.taken_apart(features), symbols) for features, symbols in chunks)

    def graded(self, frames: Iterable[TakenApart]) -> EnvironmentScores:
        """Of frames that its components took apart."""
        return EnvironmentScores.of(self.components, self.limits, self.t_squared, frames)

    def null(self, rule: Callable[[QFlags], dict[str, float]]) -> HeldOut:
        """The flagged shares of the trajectories that were held out. rule: which share of flags, by element."""
        return HeldOut([rule(one.flags) for one in self.held_out])


def _without(whole: FeatureSums, trajectories: Sequence[Callable[[], Chunks]], number: int) -> FeatureSums | None:
    """Sums of all but one; None where too little is left, or the one is empty."""
    own = FeatureSums.of(features for features, _ in trajectories[number]())
    if not own.count or whole.count - own.count < 2:
        return None
    left = whole.without(own)
    if left.trace < LEAST_LEFT * whole.trace:
        return FeatureSums.of(_others(trajectories, number))
    return left


def _others(trajectories: Sequence[Callable[[], Chunks]], number: int) -> Iterator[np.ndarray]:
    for place, chunks in enumerate(trajectories):
        if place != number:
            yield from (features for features, _ in chunks())


def _evenly(number: int, most: int | None) -> list[int]:
    """At most so many of the numbers below `number`, first and last among them."""
    if most is None or number <= most:
        return list(range(number))
    return [round(place * (number - 1) / (most - 1)) for place in range(most)]
