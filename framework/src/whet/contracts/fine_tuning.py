"""Fine-tuning: the words that mean the same for every backend, and the account of what upstream really did."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from whet.contracts.component import Backend
from whet.contracts.options import Options
from whet.contracts.potential import Potential
from whet.data.errors import NotApplied, Unsupported
from whet.data.frames import FrameSet
from whet.data.identity import JSON

Strategy = Literal["full", "frozen", "lora", "multihead-replay", "head-only"]

Progress = Callable[[int, int], None]
"""`progress(done, total)`, called as work goes on; both count from zero to the number of units of work."""


class Weights(Options):
    """Weights of the loss terms, relative to each other."""

    energy: float = Field(default=1.0, ge=0)
    """Of the energy per atom, eV/atom."""
    forces: float = Field(default=10.0, ge=0)
    """Of the force components, eV/Å."""
    stress: float = Field(default=0.0, ge=0)
    """Of the stress components, eV/Å³; 0 leaves stress out of the training."""


class FineTuneSettings(Options):
    """How to fine-tune. None means: the backend's own choice, which the result then states."""

    strategy: Strategy = "full"
    """What is trained: every parameter, some layers, low-rank adapters, heads with replay, or the head only."""
    epochs: int = Field(default=20, ge=0)
    """Passes over the training frames; 0 leaves every prediction unchanged."""
    learning_rate: float | None = Field(default=None, gt=0)
    """Initial learning rate of the optimizer."""
    batch_size: int | None = Field(default=None, ge=1)
    """Frames in a batch."""
    weights: Weights = Weights()
    """Weights of energy, forces and stress in the loss."""
    ema: float | None = Field(default=None, gt=0, lt=1)
    """Decay of the exponential moving average of the parameters."""
    patience: int | None = Field(default=None, ge=1)
    """Epochs without a better validation loss after which training stops."""
    valid_fraction: float = Field(default=0.2, ge=0, lt=1)
    """Share of the labeled frames that is kept for validation."""
    replay: str | None = None
    """File of labeled frames of the foundation model's own training set (for `multihead-replay`)."""
    replay_frames: int | None = Field(default=None, ge=1)
    """How many frames of the replay file to use; None: all."""
    replay_weight: float | None = Field(default=None, gt=0)
    """Weight of the replay head's loss, the new data's being 1."""
    reference_energies: Literal["fit", "none"] = "fit"
    """Whether per-element reference energies are aligned before the first step (`whet.ReferenceEnergies`)."""
    upstream: dict[str, JSON] = Field(default={})
    """Keys of the upstream package, by its own names; checked by the plugin."""

    def asked(self) -> set[str]:
        """The words whose value the user chose, beyond those that every backend knows."""
        return {word for word in OPTIONAL_WORDS if getattr(self, word) is not None}


OPTIONAL_WORDS = ("learning_rate", "batch_size", "ema", "patience", "replay", "replay_frames", "replay_weight")


@dataclass(frozen=True)
class FineTuneRequest:
    """One fine-tuning, ready to run.

    start: the loaded potential to begin with. train, valid, replay: frames whose labels are already on the energy
    scale of `start`'s bare model. seed: of everything random.
    """

    start: Potential
    train: FrameSet
    valid: FrameSet
    settings: FineTuneSettings
    seed: int
    replay: FrameSet = field(default_factory=lambda: FrameSet(()))


@dataclass(frozen=True)
class Applied:
    """What the upstream package really did, read back from it: not what it was asked to do.

    epochs: begun and finished (fewer than asked only where patience ended it: `stopped_early`). batch_size,
    learning_rate: at the first step. labels: the properties whose loss entered the gradient. trainable, frozen:
    numbers of parameters. heads: names, the new data's first. replay_frames: how many entered training.
    other: anything else worth recording (optimizer, loss, dtype, …).
    """

    strategy: Strategy
    epochs: int
    batch_size: int
    learning_rate: float
    labels: frozenset[str]
    trainable_parameters: int
    frozen_parameters: int = 0
    heads: Sequence[str] = ()
    replay_frames: int = 0
    ema: float | None = None
    patience: int | None = None
    replay_weight: float | None = None
    stopped_early: bool = False
    other: Mapping[str, JSON] = field(default_factory=dict)

    def as_json(self) -> dict[str, JSON]:
        """Plain data for the step's result."""
        return {**vars(self), "labels": sorted(self.labels), "heads": list(self.heads), "other": dict(self.other)}

    def compare(self, request: FineTuneRequest) -> None:
        """NotApplied, naming every difference, where this is not what was requested."""
        settings = request.settings
        wrong = []
        for word in ("strategy", "epochs", "learning_rate", "batch_size", "ema", "patience", "replay_weight"):
            asked, did = getattr(settings, word), getattr(self, word)
            close = isinstance(asked, float) and did is not None and math.isclose(asked, did, rel_tol=1e-9)
            same = close or asked == did
            ended = word == "epochs" and self.stopped_early and settings.patience is not None and self.epochs < asked
            # A batch cannot be larger than the training set.
            filled = word == "batch_size" and asked is not None and did == min(asked, len(request.train))
            if asked is not None and not (same or ended or filled):
                wrong.append(f"{word} {asked!r} was asked for, {did!r} was done")
        asked_labels = {name for name, weight in settings.weights if weight > 0}
        if settings.epochs and asked_labels != self.labels:
            wrong.append(f"labels {sorted(asked_labels)} were to be trained on, {sorted(self.labels)} were")
        if settings.epochs and len(request.replay) != self.replay_frames:
            wrong.append(f"{len(request.replay)} replay frames were to be used, {self.replay_frames} were")
        if settings.strategy == "multihead-replay" and len(self.heads) < 2:
            wrong.append(f"multihead-replay needs two heads, the model has {list(self.heads)}")
        if settings.epochs and not self.trainable_parameters:
            wrong.append("no parameter was trainable")
        if wrong:
            raise NotApplied(f"the fine-tuning of {request.start.name!r} was not what was asked: {'; '.join(wrong)}")


@dataclass(frozen=True)
class FineTuned:
    """A fine-tuned potential as the plugin left it.

    options, files: of the component that loads it (the name is that of the start). curves: by name, one value an
    epoch (`train_loss`, `valid_loss`, `valid_forces_mae`, …).
    """

    options: Mapping[str, JSON]
    files: Mapping[str, Path]
    applied: Applied
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)


class FineTuner(Backend, ABC):
    """Fine-tunes the potential of the same name. Its `Options` are the upstream package's own keys (`upstream:`)."""

    strategies: ClassVar[frozenset[Strategy]]
    """The strategies that this backend has."""
    words: ClassVar[frozenset[str]]
    """Which of the optional words (`OPTIONAL_WORDS`) it honors; the others are refused when they are set."""

    @abstractmethod
    def fine_tune(self, request: FineTuneRequest, folder: Path, progress: Progress) -> FineTuned:
        """Trains, and writes the files of the new potential into `folder`.

        What cannot be done raises Unsupported; what upstream did otherwise than asked is stated in `applied`.
        With `epochs: 0` the saved potential predicts what the start predicts.
        """

    def refuse_unsupported(self, settings: FineTuneSettings) -> None:
        """Unsupported, with the nearest that there is, where a strategy or a word is beyond this backend."""
        if settings.strategy not in self.strategies:
            raise Unsupported(
                f"{self.name!r} has no fine-tuning strategy {settings.strategy!r}",
                hint=f"It has {', '.join(sorted(self.strategies))}",
            )
        if lacking := sorted(settings.asked() - self.words):
            raise Unsupported(
                f"the fine-tuning of {self.name!r} does not know {', '.join(lacking)}",
                hint=f"Leave it out; it knows {', '.join(sorted(self.words)) or 'none of the optional words'}",
            )
