"""Rounds: what a fine-tuning strategy does, and the contract of the presets that expand to a list of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from whet.contracts.component import Backend
from whet.contracts.minimization import Minimization
from whet.contracts.options import Options


class Round(Options):
    """One round: gather frames, label them, and (unless told otherwise) fine-tune on all labels so far."""

    sampler: Literal["md", "minimize", "structures", "data"] = "md"
    """Where this round's frames come from: dynamics, relaxed structures, starting structures as they are, or a labeled
    file."""
    driver: str = "current"
    """What moves the atoms: `foundation`, `current` (fine-tuned so far), `labeler`, or another potential's name."""
    start: Literal["fresh", "last"] = "fresh"
    """Each trajectory starts from a structure of its own, or from the last frame of the one before."""
    trajectories: int = Field(default=1, ge=1)
    """Trajectories of this round (for `structures` and `minimize`: how many structures)."""
    minimize: Minimization | None = None
    """With `minimize`: how; by default as the study's `minimize` says."""
    selection: str | dict[str, Any] | None = None
    """With `md`: the selector that chooses, of all that was sampled, what is labeled; by default all of it."""
    frames: int | None = Field(default=None, ge=1)
    """With `data`: how many frames, drawn at random; subsets of one seed are nested."""
    data: str | None = None
    """With `data`: which of the study's `data`."""
    train_from: Literal["foundation", "previous", "none"] = "foundation"
    """Which potential the fine-tuning starts from; `none` gathers data only."""

    @model_validator(mode="after")
    def _what_goes_together(self) -> Round:
        if (self.sampler == "data") != (self.frames is not None):
            raise ValueError("`frames` goes with `sampler: data`, and only with it")
        if self.selection is not None and self.sampler != "md":
            raise ValueError("`selection` goes with `sampler: md`, and only with it")
        if self.minimize is not None and self.sampler != "minimize":
            raise ValueError("`minimize` goes with `sampler: minimize`, and only with it")
        return self


class TrainFrom(Options):
    """What every preset of rounds may be told."""

    train_from: Literal["foundation", "previous"] = "foundation"
    """Which potential each fine-tuning starts from (the paper leaves it open)."""
    selection: str | dict[str, Any] | None = None
    """The selector that chooses, of all that a round sampled, what is labeled; by default all of it."""

    @property
    def common(self) -> dict[str, Any]:
        """These as keys of a `Round`."""
        return {"train_from": self.train_from, "selection": self.selection}


class RoundPreset(Backend, ABC):
    """A preset of rounds. Its options stand beside the common words of a strategy in the study file."""

    matches: ClassVar[str] = ""
    """Another preset: where a study has a strategy of it, training sets are cut to that one's numbers of labels."""

    @abstractmethod
    def rounds(self) -> Iterable[Round]:
        """The rounds, first to last. They may be asked for and not all be used."""
