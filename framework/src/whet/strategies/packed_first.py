"""packed-first: starting structures as they are, then dynamics."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from whet.contracts.rounds import Round, RoundPreset, TrainFrom


class PackedFirstRounds(TrainFrom):
    """Options of the preset `packed-first`."""

    rounds: int = Field(default=3, ge=1)
    """How many rounds, the first included."""
    trajectories: int = Field(default=2, ge=1)
    """Starting structures that are labeled in the first round."""


class PackedFirst(RoundPreset):
    """Labels for packed structures as they are; then rounds of one trajectory of the potential fine-tuned so far."""

    name = "packed-first"
    Options = PackedFirstRounds

    def rounds(self) -> Iterator[Round]:
        """Structures in the first round, one trajectory in each other one."""
        wanted = self.options
        yield Round(sampler="structures", trajectories=wanted.trajectories, train_from=wanted.train_from)
        for _ in range(wanted.rounds - 1):
            yield Round(**wanted.common)
