"""random: so many frames of the pool, drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from whet.contracts.options import Options
from whet.contracts.selector import Choice, CountedSelector
from whet.contracts.task import Work
from whet.data.frames import FrameSet


class RandomOptions(Options):
    """Options of the selector `random`."""

    frames: int = Field(ge=1)
    """How many; all of the pool where it has fewer."""
    seed: int = Field(default=1, ge=0)
    """Of the draw."""


class Random(CountedSelector):
    """So many frames, drawn at random: what any cleverer choice has to beat."""

    name = "random"
    Options = RandomOptions

    def choose(self, pool: FrameSet, known: FrameSet, work: Work) -> Sequence[Choice]:
        """Each frame as likely as any other, none twice, in the order of the pool."""
        import numpy as np

        drawn = np.random.default_rng(self.options.seed).permutation(len(pool))[: self.options.frames]
        return [Choice(int(index), "drawn") for index in sorted(drawn)]
