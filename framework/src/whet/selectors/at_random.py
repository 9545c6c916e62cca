"""random: so many frames of the pool, drawn at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from whet.contracts.component import Component
from whet.contracts.options import Options
from whet.contracts.selector import Choice, Selector
from whet.contracts.task import Work, total
from whet.data.frames import FrameSet


class RandomOptions(Options):
    """Options of the selector `random`."""

    frames: int = Field(ge=1)
    """How many; all of the pool where it has fewer."""
    seed: int = Field(default=1, ge=0)
    """Of the draw."""


class Random(Selector):
    """So many frames, drawn at random: what any cleverer choice has to beat."""

    name = "random"
    Options = RandomOptions

    @classmethod
    def most_frames(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """As many as are wanted; fewer where the pool has fewer."""
        there = total(fed.get("pool", ()))
        return options["frames"] if there is None else min(there, options["frames"])

    def choose(self, pool: FrameSet, known: FrameSet, work: Work) -> Sequence[Choice]:
        """Each frame as likely as any other, none twice, in the order of the pool."""
        import numpy as np

        drawn = np.random.default_rng(self.options.seed).permutation(len(pool))[: self.options.frames]
        return [Choice(int(index), "drawn") for index in sorted(drawn)]
