"""Rounds: what a fine-tuning strategy does, and the named presets that expand to a list of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from whet.contracts.options import Options
from whet.data.errors import InputError, suggestion

Preset = Literal["naive", "periodic", "hybrid", "long", "packed-first", "subsets"]


class Round(Options):
    """One round: gather frames, label them, and (unless told otherwise) fine-tune on all labels so far."""

    sampler: Literal["md", "structures", "data"] = "md"
    """Where this round's frames come from: dynamics, starting structures as they are, or a labeled file."""
    driver: str = "current"
    """What drives the dynamics: `foundation`, `current` (fine-tuned so far), `labeler`, or another potential's name."""
    start: Literal["fresh", "last"] = "fresh"
    """Each trajectory starts from a structure of its own, or from the last frame of the one before."""
    trajectories: int = Field(default=1, ge=1)
    """Trajectories of this round (for `structures`: how many structures)."""
    frames: int | None = Field(default=None, ge=1)
    """With `data`: how many frames, drawn at random; subsets of one seed are nested."""
    train_from: Literal["foundation", "previous", "none"] = "foundation"
    """Which potential the fine-tuning starts from; `none` gathers data only."""

    @model_validator(mode="after")
    def _frames_only_of_data(self) -> Round:
        if (self.sampler == "data") != (self.frames is not None):
            raise ValueError("`frames` goes with `sampler: data`, and only with it")
        return self


class Strategy(Options):
    """A fine-tuning strategy: a preset by name, or its rounds spelled out."""

    preset: Preset | None = None
    """Which preset (default: the strategy's own name, where that is one). Wong & Yang describe the first four."""
    rounds: Annotated[int, Field(ge=1)] | Annotated[list[Round], Field(min_length=1)] = 3
    """How many rounds the preset has, or the rounds themselves."""
    trajectories: int = Field(default=2, ge=1)
    """hybrid: trajectories in each round; packed-first: packed structures in the first round."""
    train_from: Literal["foundation", "previous"] = "foundation"
    """Which potential each fine-tuning starts from (the paper leaves it open)."""
    match: str | None = None
    """Another strategy, to whose numbers of labels the training sets are cut. naive matches periodic by itself."""
    data: str | None = None
    """subsets: which of the study's `data`."""
    sizes: list[Annotated[int, Field(ge=1)]] = Field(default=[1, 10, 100], min_length=1)
    """subsets: how many frames each fine-tuning gets."""
    of: Annotated[list[str], Field(min_length=1)] | None = None
    """The potentials, by the study's names for them, that it is for; all of them where nothing is said."""
    seeds: list[Annotated[int, Field(ge=0)]] = Field(default=[1], min_length=1)
    """The whole strategy is repeated with each of these seeds."""
    committee: int = Field(default=1, ge=1)
    """How many fine-tunings, which differ in their seed only, make one potential: their mean, which knows how far
    apart its members are (see the monitor `max_force_spread`)."""

    @field_validator("sizes", "seeds")
    @classmethod
    def _each_once(cls, given: list[int]) -> list[int]:
        if len(set(given)) < len(given):
            raise ValueError(f"{given} has a number twice")
        return given

    def preset_of(self, name: str) -> Preset | None:
        """The preset that a strategy of that name uses; None where its rounds are spelled out."""
        if isinstance(self.rounds, list):
            return None
        return self.preset or PRESETS_BY_NAME.get(name)

    def expand(self, name: str) -> list[Round]:
        """The rounds. InputError where neither the name nor `preset` says which."""
        if isinstance(self.rounds, list):
            return self.rounds
        preset, count = self.preset_of(name), self.rounds
        train: dict[str, Any] = {"train_from": self.train_from}
        if preset == "naive":
            # k trajectories from k structures with the untouched potential; one fine-tuning per cumulative subset.
            return [Round(driver="foundation", start="fresh", **train) for _ in range(count)]
        if preset == "periodic":
            return [Round(start="fresh" if r == 0 else "last", **train) for r in range(count)]
        if preset == "hybrid":
            return [Round(trajectories=self.trajectories, start="fresh", **train) for _ in range(count)]
        if preset == "long":
            # One trajectory of the untouched potential, taken up again where it stopped.
            return [Round(driver="foundation", start="fresh" if r == 0 else "last", **train) for r in range(count)]
        if preset == "packed-first":
            first = Round(sampler="structures", trajectories=self.trajectories, **train)
            return [first, *(Round(start="fresh", **train) for _ in range(count - 1))]
        if preset == "subsets":
            return [Round(sampler="data", frames=size, **train) for size in sorted(self.sizes)]
        way_out = suggestion(name, PRESETS_BY_NAME) or f"Presets: {', '.join(PRESETS_BY_NAME)}"
        raise InputError("the strategy needs `preset:` or a list of rounds", hint=way_out)

    def is_for(self, potential: str) -> bool:
        """Whether the strategy is for this potential."""
        return self.of is None or potential in self.of

    def matched(self, name: str, strategies: Mapping[str, Strategy]) -> str | None:
        """The strategy whose numbers of labels this one is cut to, if any."""
        if self.match is not None or self.preset_of(name) != "naive":
            return self.match
        return next((other for other, entry in strategies.items() if entry.preset_of(other) == "periodic"), None)


PRESETS_BY_NAME: dict[str, Preset] = {
    "naive": "naive",
    "periodic": "periodic",
    "hybrid": "hybrid",
    "long": "long",
    "packed-first": "packed-first",
    "subsets": "subsets",
}
