"""Strategy: how frames are gathered for fine-tuning, as a study file says it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, field_validator

from whet.contracts.options import Options
from whet.contracts.rounds import Round


class Strategy(Options):
    """A fine-tuning strategy: a preset by name, whose options stand beside these keys, or its rounds spelled out."""

    model_config = ConfigDict(extra="allow")

    preset: str | None = None
    """Which preset (default: the strategy's own name, where that is one)."""
    rounds: Annotated[int, Field(ge=1)] | Annotated[list[Round], Field(min_length=1)] | None = None
    """How many rounds the preset has, or the rounds themselves."""
    match: str | None = None
    """Another strategy, to whose numbers of labels the training sets are cut. naive matches periodic by itself."""
    of: Annotated[list[str], Field(min_length=1)] | None = None
    """The potentials, by the study's names for them, that it is for; all of them where nothing is said."""
    seeds: list[Annotated[int, Field(ge=0)]] = Field(default=[1], min_length=1)
    """The whole strategy is repeated with each of these seeds."""
    committee: int = Field(default=1, ge=1)
    """How many fine-tunings make one potential: their mean, which knows how far apart its members are (see the monitor
    `max_force_spread`). Each has a seed of its own and is trained on a bootstrap sample of the training frames: drawn
    with replacement, by whole trajectory or group where there are four of them, else by frame."""

    @field_validator("seeds")
    @classmethod
    def _each_once(cls, given: list[int]) -> list[int]:
        if len(set(given)) < len(given):
            raise ValueError(f"{given} has a number twice")
        return given

    @property
    def spelled_out(self) -> list[Round] | None:
        """The rounds, where the file has them; None for a preset."""
        return self.rounds if isinstance(self.rounds, list) else None

    @property
    def preset_options(self) -> dict[str, Any]:
        """What the file says to the preset."""
        extra = dict(self.model_extra or {})
        return extra | ({"rounds": self.rounds} if isinstance(self.rounds, int) else {})

    def is_for(self, potential: str) -> bool:
        """Whether the strategy is for this potential."""
        return self.of is None or potential in self.of
