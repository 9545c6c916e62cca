"""Fine-tuning: the contract of a fine-tuner, and the account of what the upstream package really did."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from whet.contracts.component import Backend, OptionsT
from whet.contracts.loss import Loss, LossWeights
from whet.contracts.potential import Potential
from whet.data.errors import InputError, NotApplied, Unsupported
from whet.data.frames import FrameSet
from whet.data.identity import JSON
from whet.data.labels import Labels

if TYPE_CHECKING:
    from whet.contracts.fine_tune_settings import FineTuneSettings, Strategy

Progress = Callable[[int, int], None]
"""`progress(done, total)`, called as work goes on; both count from zero to the number of units of work."""


TellLosses = Callable[[int, Mapping[str, float]], None]
"""`tell_losses(epoch, losses)`: an epoch (from 1) has ended, with these losses by the names of `FineTuned.curves`."""

ROUNDING = 1e-5
"""Relative difference that may be between a number that was asked for and the one read back: upstream packages keep
them in single precision, where 0.01 is 0.009999999776, and compute with that."""


@dataclass(frozen=True)
class FineTuneRequest:
    """One fine-tuning, ready to run.

    start: the loaded potential to begin with. train, valid, replay: frames whose labels are already on the energy
    scale of `start`'s bare model. seed: of everything random. tell_losses: may be called after each epoch, for those
    who watch; who only calls `progress` need not.
    """

    start: Potential
    train: FrameSet
    valid: FrameSet
    settings: FineTuneSettings
    seed: int
    replay: FrameSet = field(default_factory=lambda: FrameSet(()))
    tell_losses: TellLosses = field(default=lambda epoch, losses: None, repr=False, compare=False)

    @cached_property
    def weights(self) -> LossWeights:
        """The weights to train with: those of the settings, with that of stress decided."""
        return LossWeights.decided(self.settings.weights, self.train + self.valid, self.start.capabilities)

    def check(self) -> None:
        """InputError where these frames cannot be trained on as asked, whatever the backend; called by the core.

        Without epochs there is nothing to check.
        """
        settings, frames = self.settings, self.train + self.valid
        if not settings.epochs:
            return
        if not len(self.train):
            raise InputError("there is no frame to train on")
        if settings.patience is not None and not len(self.valid):
            raise InputError("patience needs frames to validate on", hint="Raise valid_fraction, or leave patience out")
        multihead = settings.strategy == "multihead-replay"
        if multihead and not len(self.replay):
            raise InputError("multihead-replay needs replay frames", hint="Name a file with `replay:`")
        if not multihead and len(self.replay):
            raise InputError(f"the strategy {settings.strategy!r} uses no replay frames", hint="Use multihead-replay")
        known = self.start.capabilities.elements
        unknown = [] if known is None else sorted(set((frames + self.replay).elements) - known)
        if unknown:
            raise InputError(f"potential {self.start.name!r} does not know {', '.join(unknown)}, and cannot learn it")
        lacking = sum(Labels.of(frame).stress is None or not frame.pbc.all() for frame in frames)
        if self.weights.stress > 0 and lacking:
            raise InputError(
                f"{lacking} of {len(frames)} frames have no stress, which has the weight "
                f"{self.weights.stress:g} in the loss",
                hint="Label them with stress, leave them out, or set the weight of stress to 0 or leave it open",
            )


@dataclass(frozen=True)
class Applied:
    """What the upstream package really did, read back from it: not what it was asked to do.

    epochs: begun and finished (fewer than asked only where patience ended it: `stopped_early`). batch_size,
    learning_rate: at the first step. labels: the properties whose loss entered the gradient. trainable, frozen:
    numbers of parameters. heads: names, the new data's first. replay_frames: how many entered training. loss: of the
    new data, by the objects that computed it; None where it cannot be told, and then no share of it is reported.
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
    loss: Loss | None = None
    other: Mapping[str, JSON] = field(default_factory=dict)

    def as_json(self) -> dict[str, JSON]:
        """Plain data for the step's result."""
        loss = None if self.loss is None else self.loss.as_json()
        plain = {"labels": sorted(self.labels), "heads": list(self.heads), "loss": loss, "other": dict(self.other)}
        return {**vars(self), **plain}

    def compare(self, request: FineTuneRequest) -> None:
        """NotApplied, naming every difference, where this is not what was requested."""
        settings = request.settings
        if not settings.epochs:
            if self.epochs:
                raise NotApplied(f"no epoch was asked for, {self.epochs} were done")
            return
        wrong = []
        for word in ("strategy", "epochs", "learning_rate", "batch_size", "ema", "patience", "replay_weight"):
            asked, did = getattr(settings, word), getattr(self, word)
            close = isinstance(asked, float) and did is not None and math.isclose(asked, did, rel_tol=ROUNDING)
            same = close or asked == did
            ended = word == "epochs" and self.stopped_early and settings.patience is not None and self.epochs < asked
            # A batch cannot be larger than the training set.
            filled = word == "batch_size" and asked is not None and did == min(asked, len(request.train))
            if asked is not None and not (same or ended or filled):
                wrong.append(f"{word} {asked!r} was asked for, {did!r} was done")
        asked_labels = {name for name, weight in request.weights if weight > 0}
        if asked_labels != self.labels:
            wrong.append(f"labels {sorted(asked_labels)} were to be trained on, {sorted(self.labels)} were")
        told = dict(request.weights) if self.loss is None else self.loss.weights
        for name, weight in request.weights:
            used = told.get(name, 0.0)
            if not math.isclose(used, weight, rel_tol=ROUNDING):
                wrong.append(f"{name} was to have the weight {weight:g} in the loss, it had {used:g}")
        if len(request.replay) != self.replay_frames:
            wrong.append(f"{len(request.replay)} replay frames were to be used, {self.replay_frames} were")
        if settings.strategy == "multihead-replay" and len(self.heads) < 2:
            wrong.append(f"multihead-replay needs two heads, the model has {list(self.heads)}")
        if not self.trainable_parameters:
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


class FineTuner(Backend[OptionsT], ABC):
    """Fine-tunes the potential of the same name. Its `Options` are the upstream package's own keys (`upstream:`)."""

    strategies: ClassVar[frozenset[Strategy]]
    """The strategies that this backend has."""
    words: ClassVar[frozenset[str]]
    """Which of the optional words (`fine_tune_settings.OPTIONAL_WORDS`) it honors; set, the others are refused."""

    @abstractmethod
    def fine_tune(self, request: FineTuneRequest, folder: Path, progress: Progress) -> FineTuned:
        """Trains, and writes the files of the new potential into `folder`.

        The core has checked the request (`FineTuneRequest.check`, `refuse_unsupported`) and aligned the energies.
        A training that was cut off is called again with the same folder, and ends as an uninterrupted one does.

        What cannot be done raises Unsupported; what upstream did otherwise than asked is stated in `applied`.
        With `epochs: 0` the saved potential predicts what the start predicts.
        """

    @classmethod
    def refuse_unsupported(cls, settings: FineTuneSettings) -> None:
        """Unsupported, with the nearest that there is, where a strategy or a word is beyond this backend."""
        if settings.strategy not in cls.strategies:
            raise Unsupported(
                f"{cls.name!r} has no fine-tuning strategy {settings.strategy!r}",
                hint=f"It has {', '.join(sorted(cls.strategies))}",
            )
        if lacking := sorted(settings.asked() - cls.words):
            raise Unsupported(
                f"the fine-tuning of {cls.name!r} does not know {', '.join(lacking)}",
                hint=f"Leave it out; it knows {', '.join(sorted(cls.words)) or 'none of the optional words'}",
            )
