"""QFlags: how many environments of a set the limits of Q-residuals flag, and how many of held-out trajectories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.feature_sums import FeatureSums
from whet.bias.held_out import HeldOut
from whet.bias.principal_components import PrincipalComponents
from whet.bias.q_limits import QLimits

if TYPE_CHECKING:
    import numpy as np

    Chunks = Iterable[tuple[np.ndarray, Sequence[str] | np.ndarray]]
    """Pairs of features (n, p) and the chemical symbols of the n atoms."""

LEAST_LEFT = 1e-3
"""Share of the scatter below which what is left without a trajectory is summed anew: rounding is that of the whole."""


@dataclass(frozen=True)
class QFlags:
    """Counts by element: environments, those beyond their element's limit, those beyond the Jackson–Mudholkar limit."""

    environments: Mapping[str, int]
    element: Mapping[str, int]
    jackson_mudholkar: Mapping[str, int]

    @classmethod
    def of(cls, components: PrincipalComponents, limits: QLimits, chunks: Chunks) -> QFlags:
        """Of a set, against the PCA and the limits of a training set. InputError where features are others."""
        import numpy as np

        every, element, jackson_mudholkar = Counter(), Counter(), Counter()
        for features, symbols in chunks:
            q, own = components.q_residuals(features), np.asarray(symbols)
            every.update(own.tolist())
            element.update(own[limits.beyond_element(q, own)].tolist())
            jackson_mudholkar.update(own[limits.beyond_jackson_mudholkar(q)].tolist())
        return cls(
            *({symbol: found[symbol] for symbol in sorted(every)} for found in (every, element, jackson_mudholkar))
        )

    def shares(self, flagged: Mapping[str, int]) -> dict[str, float]:
        """The flagged share (0 to 1) of each element; flagged: `element` or `jackson_mudholkar`."""
        return {symbol: flagged[symbol] / number for symbol, number in self.environments.items()}

    def share(self, flagged: Mapping[str, int]) -> float:
        """The flagged share over all elements."""
        return sum(flagged.values()) / sum(self.environments.values())


def held_out_flags(
    trajectories: Sequence[Callable[[], Chunks]],
    whole: FeatureSums,
    components: int,
    most: int | None = None,
    confidence: float = 0.95,
) -> tuple[HeldOut, HeldOut]:
    """The null of flagged shares: each training trajectory against the PCA and the limits of the others.

    trajectories: what gives the chunks of each, as often as asked. whole: sums of the features of all of them; what one
    adds is taken away from these, so that all refits cost one more pass. most: to hold out, evenly spread over them; by
    default all. Answers the shares beyond the limits by element, and by Jackson and Mudholkar. Nothing is held out of a
    single trajectory, and none whose others are fewer than two environments.
    """
    element, jackson_mudholkar = [], []
    for number in _evenly(len(trajectories), most):
        one = trajectories[number]
        others = [chunks for place, chunks in enumerate(trajectories) if place != number]
        own = FeatureSums.of(features for features, _ in one())
        if not own.count or whole.count - own.count < 2:
            continue
        left = whole.without(own)
        if left.trace < LEAST_LEFT * whole.trace:
            left = FeatureSums.of(features for chunks in others for features, _ in chunks())
        space = PrincipalComponents.of_sums(left, components)
        limits = QLimits.fit(space, (pair for chunks in others for pair in chunks()), confidence)
        flags = QFlags.of(space, limits, one())
        element.append(flags.shares(flags.element))
        jackson_mudholkar.append(flags.shares(flags.jackson_mudholkar))
    return HeldOut(element), HeldOut(jackson_mudholkar)


def _evenly(number: int, most: int | None) -> list[int]:
    """At most so many of the numbers below `number`, first and last among them."""
    if most is None or number <= most:
        return list(range(number))
    return [round(place * (number - 1) / (most - 1)) for place in range(most)]
