"""naive, periodic, hybrid, long: the presets of Wong & Yang."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field, field_validator

from whet.contracts.rounds import Round, RoundPreset, TrainFrom


class Rounds(TrainFrom):
    """Options of a preset with so many rounds."""

    rounds: int = Field(default=3, ge=1)
    """How many rounds."""


class HybridRounds(Rounds):
    """Options of the preset `hybrid`."""

    rounds: int = Field(default=3, ge=1)
    """How many rounds, two at least."""
    trajectories: int = Field(default=2, ge=1)
    """Trajectories in each round, two at least."""

    @field_validator("rounds")
    @classmethod
    def _more_than_one(cls, given: int) -> int:
        if given < 2:
            raise ValueError(
                "hybrid has two rounds at least; with 1 all is sampled by the untouched potential: use naive"
            )
        return given

    @field_validator("trajectories")
    @classmethod
    def _several(cls, given: int) -> int:
        if given < 2:
            raise ValueError("hybrid has two trajectories a round at least; for one a round use periodic")
        return given


class Naive(RoundPreset):
    """Trajectories of the untouched potential, each from a structure of its own; a fine-tuning after each."""

    name = "naive"
    matches = "periodic"
    Options = Rounds

    def rounds(self) -> Iterator[Round]:
        """One trajectory and one fine-tuning, on all labels so far, a round."""
        return (Round(driver="foundation", **self.options.common) for _ in range(self.options.rounds))


class Periodic(RoundPreset):
    """One trajectory in pieces; each piece is driven by the potential that was fine-tuned on those before."""

    name = "periodic"
    Options = Rounds

    def rounds(self) -> Iterator[Round]:
        """Each round goes on where the one before stopped."""
        return _one_after_the_other(self.options)


class Hybrid(RoundPreset):
    """In each round several trajectories from new structures, driven by the potential fine-tuned so far."""

    name = "hybrid"
    Options = HybridRounds

    def rounds(self) -> Iterator[Round]:
        """So many trajectories a round."""
        wanted = self.options
        return (Round(trajectories=wanted.trajectories, **wanted.common) for _ in range(wanted.rounds))


class Long(RoundPreset):
    """One trajectory of the untouched potential, taken up again where it stopped."""

    name = "long"
    Options = Rounds

    def rounds(self) -> Iterator[Round]:
        """Each round goes on where the one before stopped."""
        return _one_after_the_other(self.options, driver="foundation")


def _one_after_the_other(wanted: Rounds, **same: Any) -> Iterator[Round]:
    """Rounds of one trajectory, each of which goes on where the one before stopped."""
    yield Round(**same, **wanted.common)
    for _ in range(wanted.rounds - 1):
        yield Round(start="last", **same, **wanted.common)
