"""Followed: what happened along one trajectory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet import SampledTrajectory
from whet_reactions.drivers import AlongTrajectory

if TYPE_CHECKING:
    from whet_reactions.reaction_events import Chemistry
    from whet_reactions.species import Species


@dataclass(frozen=True, eq=False)
class Followed(AlongTrajectory):
    """recrossings, undecided: as `PairHistory` counts them. first, last: fs, of the frames. interval: fs, the longest
    between two frames."""

    of: SampledTrajectory
    chemistry: Chemistry
    recrossings: int
    undecided: int
    first: float
    last: float
    interval: float

    @property
    def span(self) -> float:
        """ps, from the first frame to the last."""
        return (self.last - self.first) / 1000

    def numbers(self) -> list[tuple[float, Counter[Species]]]:
        """The number of each species, from each time (fs) on: that of the first frame, then those of reactions."""
        now = self.chemistry.first.copy()
        found = [(self.first, now)]
        for event in self.chemistry.reactions:
            now = now.copy()
            now.subtract(event.before)
            now.update(event.after)
            found.append((event.time, now))
        return found

    def means(self) -> dict[Species, float]:
        """The mean number of each species over the time; that at the end where there is one frame."""
        numbers = self.numbers()
        ends = [time for time, _ in numbers[1:]] + [self.last]
        if self.last <= self.first:
            return {kind: float(count) for kind, count in numbers[-1][1].items() if count}
        found: dict[Species, float] = {}
        for (time, now), end in zip(numbers, ends, strict=True):
            for kind, count in now.items():
                found[kind] = found.get(kind, 0.0) + count * (end - time) / (self.last - self.first)
        return found
