"""Account: what happened in a training, as it happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from whet import Applied, Loss, Strategy


@dataclass
class Account:
    """What a training did, read back from it; zeros where no epoch was asked for.

    options: the keys of the loop. parameters: how many numbers the model has, of dtype. loss: that is minimized.
    learning_rate, batch_size: of the first step. labels: terms whose loss was differentiated. trainable_parameters:
    how many numbers a gradient reached. best_epoch: whose weights were kept, from 1. start: validation before the
    first step, by name. curves: by name, one value an epoch: `train_loss` as the epoch went on; after it `valid_loss`,
    `valid_energy_mae` (eV per atom) and `valid_forces_mae` (eV/Å).
    """

    options: Mapping[str, Any]
    parameters: int
    dtype: str
    patience: int | None
    loss: Loss
    learning_rate: float = 0.0
    batch_size: int = 0
    epochs: int = 0
    labels: set[str] = field(default_factory=set)
    trainable_parameters: int = 0
    best_epoch: int = 0
    stopped_early: bool = False
    start: dict[str, float] = field(default_factory=dict)
    curves: dict[str, list[float]] = field(default_factory=dict)

    def applied(self, strategy: Strategy, **other: Any) -> Applied:
        """The account as the contract wants it. strategy: what the plugin has trained; other: more to record."""
        return Applied(
            strategy=strategy,
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            labels=frozenset(self.labels),
            trainable_parameters=self.trainable_parameters,
            frozen_parameters=self.parameters - self.trainable_parameters,
            patience=self.patience,
            stopped_early=self.stopped_early,
            loss=self.loss,
            other={**self.options, **self.start, "best_epoch": self.best_epoch, "dtype": self.dtype, **other},
        )
