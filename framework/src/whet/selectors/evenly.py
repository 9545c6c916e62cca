"""evenly: so many frames of the pool, spread evenly over it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from whet.contracts.options import Options
from whet.contracts.selector import Choice, CountedSelector
from whet.contracts.task import Work
from whet.data.frames import FrameSet


class EvenlyOptions(Options):
    """Options of the selector `evenly`."""

    frames: int = Field(ge=1)
    """How many; all of the pool where it has fewer."""


class Evenly(CountedSelector):
    """So many frames, spread evenly over what was sampled."""

    name = "evenly"
    Options = EvenlyOptions

    def choose(self, pool: FrameSet, known: FrameSet, work: Work) -> Sequence[Choice]:
        """The first, the last and those between, as equally far apart as whole numbers can be."""
        count = min(self.options.frames, len(pool))
        if count == 1:
            return [Choice(len(pool) - 1, "the last")]
        places = [round(place * (len(pool) - 1) / (count - 1)) for place in range(count)]
        return [Choice(place, f"{number + 1} of {count}") for number, place in enumerate(places)]
