"""ChgnetFineTuner: fine-tuning of CHGNet."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from whet import (
    Applied,
    FineTuned,
    FineTuner,
    FineTuneRequest,
    FrameSet,
    InputError,
    Labels,
    Options,
    Progress,
    Weights,
)
from whet_chgnet.checkpoints import write_checkpoint
from whet_chgnet.potential import FINE_TUNED, ChgnetPotential

if TYPE_CHECKING:
    import torch
    from chgnet.model.model import CHGNet

    from whet_chgnet.training import Example

LEARNING_RATE = 1e-3  # for both: README.md has the evidence
BATCH_SIZE = 1

FROZEN = (
    "atom_embedding",
    "bond_embedding",
    "angle_embedding",
    "bond_basis_expansion",
    "angle_basis_expansion",
    "atom_conv_layers.0",
    "atom_conv_layers.1",
    "atom_conv_layers.2",
    "bond_conv_layers",
    "angle_layers",
)
"""What the strategy `frozen` leaves as it is: all but the last atom convolution, the bond weights and the readout.

The choice of CHGNet's own fine-tuning tutorial."""


class ChgnetTrainingOptions(Options):
    """Keys of the training, by the names that CHGNet's Trainer gives them."""

    optimizer: Literal["Adam", "AdamW", "RAdam", "SGD"] = "Adam"
    """Optimizer, of `torch.optim`."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Weight decay of the optimizer."""
    scheduler: Literal["CosLR", "ExponentialLR", "constant"] = "CosLR"
    """Learning rate over time: half a cosine down to decay_fraction at the last step, an exponential to the same
    value, or unchanged."""
    decay_fraction: float = Field(default=1e-2, gt=0, le=1)
    """Learning rate at the last step, as a fraction of the initial one."""
    criterion: Literal["Huber", "MSE", "MAE"] = "Huber"
    """Loss of energies per atom (eV), force components (eV/Å) and stress components (eV/Å³), averaged over each."""
    delta: float = Field(default=0.1, gt=0)
    """Of the Huber loss: quadratic for errors below it, linear above; in the unit of each term."""
    gradient_clip: float | None = Field(default=None, gt=0)
    """Largest norm of the gradient of all parameters; a longer one is shortened to it."""


class ChgnetFineTuner(FineTuner):
    """Fine-tunes CHGNet on energies, forces and stresses; its per-element reference energies stay as they are."""

    name = "chgnet"
    Options = ChgnetTrainingOptions
    packages = ChgnetPotential.packages
    strategies = frozenset({"full", "frozen"})
    words = frozenset({"learning_rate", "batch_size", "patience"})

    def fine_tune(self, request: FineTuneRequest, folder: Path, progress: Progress) -> FineTuned:
        """As the contract says; writes `checkpoint.pth.tar`.

        Raises InputError where the start is another potential, or the loss is not finite any more.
        """
        import torch

        from whet_chgnet.training import Training

        settings = request.settings
        start = request.start
        if not isinstance(start, ChgnetPotential):
            raise InputError(f"potential {start.name!r} is not CHGNet, which is all that this fine-tuner knows")
        weights = settings.weights
        model = _fresh(start.model, settings.strategy)
        optimizer = self._optimizer(model, settings.learning_rate or LEARNING_RATE)
        training = Training(
            model,
            weights=weights,
            criterion=self._criterion(),
            optimizer=optimizer,
            schedule=partial(self._schedule, optimizer),
            gradient_clip=self._keys.gradient_clip,
        )
        used = (request.train, request.valid) if settings.epochs else (FrameSet(()), FrameSet(()))
        train, valid = (_examples(frames, model, weights) for frames in used)
        before = training.score(valid, "valid_start")
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(request.seed)  # of dropout, which the shipped models do not have
            account = training.run(
                train,
                valid,
                epochs=settings.epochs,
                batch_size=settings.batch_size or BATCH_SIZE,
                patience=settings.patience,
                seed=request.seed,
                progress=progress,
            )
        path = folder / "checkpoint.pth.tar"
        write_checkpoint(model, path)
        total = sum(parameter.numel() for parameter in model.parameters())
        applied = Applied(
            strategy=settings.strategy,
            epochs=account.epochs,
            batch_size=account.batch_size,
            learning_rate=account.learning_rate,
            labels=frozenset(account.labels),
            trainable_parameters=account.trainable_parameters,
            frozen_parameters=total - account.trainable_parameters,
            patience=account.patience,
            stopped_early=account.stopped_early,
            other={
                **self._keys.as_json(),
                **before,
                "best_epoch": account.best_epoch,
                "dtype": "float32",
                "optimizer": type(optimizer).__name__,
            },
        )
        return FineTuned({"model": FINE_TUNED}, {"checkpoint": path}, applied, account.curves)

    @property
    def _keys(self) -> Any:
        return self.options

    def _criterion(self) -> Callable[[Any, Any], Any]:
        from torch.nn import HuberLoss, L1Loss, MSELoss

        if self._keys.criterion == "Huber":
            return HuberLoss(delta=self._keys.delta)
        return MSELoss() if self._keys.criterion == "MSE" else L1Loss()

    def _optimizer(self, model: CHGNet, learning_rate: float) -> torch.optim.Optimizer:
        from torch import optim

        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        kind: Any = getattr(optim, self._keys.optimizer)
        return kind(trained, lr=learning_rate, weight_decay=self._keys.weight_decay)

    def _schedule(self, optimizer: torch.optim.Optimizer, steps: int) -> Any:
        from torch.optim import lr_scheduler

        last, steps = self._keys.decay_fraction, max(steps, 1)
        if self._keys.scheduler == "CosLR":
            lowest = last * optimizer.param_groups[0]["lr"]
            return lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps, eta_min=lowest)
        gamma = last ** (1 / steps) if self._keys.scheduler == "ExponentialLR" else 1.0
        return lr_scheduler.ExponentialLR(optimizer, gamma)


def _fresh(model: CHGNet, strategy: str) -> CHGNet:
    """A copy of the model with the parameters marked that the strategy trains."""
    fresh = copy.deepcopy(model)
    fresh.requires_grad_(True)
    # The core has aligned the reference energies; magnetic moments are no label of ours.
    for module in (fresh.composition_model, fresh.site_wise):
        if module is not None:
            module.requires_grad_(False)
    if strategy == "frozen":
        for name in FROZEN:
            fresh.get_submodule(name).requires_grad_(False)
    return fresh


def _examples(frames: FrameSet, model: CHGNet, weights: Weights) -> list[Example]:
    """Frames as graphs and targets, made once; the graphs stay in memory for the whole training."""
    import torch

    from whet_chgnet.graphs import crystal_graph
    from whet_chgnet.training import Example

    device = next(model.parameters()).device
    tensor = partial(torch.tensor, dtype=torch.float64, device=device)
    examples = []
    for frame in frames:
        labels = Labels.of(frame)
        examples.append(
            Example(
                crystal_graph(frame, model),
                energy=tensor(labels.energy / len(frame)),
                forces=tensor(labels.forces),
                stress=tensor(labels.stress) if weights.stress > 0 else None,
            )
        )
    return examples
