"""SevennetFineTuner: fine-tuning of SevenNet."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from whet import Applied, FineTuned, FineTuner, FineTuneRequest, FrameSet, InputError, Labels, Options, Progress
from whet_sevennet.checkpoints import read_checkpoint, write_checkpoint
from whet_sevennet.isolation import untouched
from whet_sevennet.potential import FINE_TUNED, SevennetPotential

if TYPE_CHECKING:
    import torch
    from sevenn.nn.sequential import AtomGraphSequential  # pyright: ignore[reportMissingImports]

    from whet_sevennet.training import Criterion, Example

LEARNING_RATE = 1e-3  # for both: README.md has the evidence
BATCH_SIZE = 2

READOUT = ("reduce_", "readout_")
"""What the modules between features and atomic energies are called; the strategy `head-only` trains these."""

FIXED = ("rescale_atomic_energy", "denominator")
"""Never trained: the core has aligned the reference energies, and the others are statistics of the training set."""


class SevennetTrainingOptions(Options):
    """Keys of the training, by the names that SevenNet's input has for them where it has any."""

    optimizer: Literal["adam", "adamw", "radam", "sgd"] = "adam"
    """Optimizer."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Weight decay of the optimizer."""
    scheduler: Literal["cosine", "exponential", "constant"] = "cosine"
    """Learning rate over time: half a cosine down to decay_fraction at the last step, an exponential to the same
    value, or unchanged."""
    decay_fraction: float = Field(default=1e-2, gt=0, le=1)
    """Learning rate at the last step, as a fraction of the initial one."""
    loss: Literal["huber", "mse", "mae"] = "huber"
    """Loss of energies per atom (eV), force components (eV/Å) and stress components (eV/Å³), averaged over each."""
    delta: float = Field(default=0.01, gt=0)
    """Of the Huber loss: quadratic for errors below it, linear above; in the unit of each term. SevenNet-0's own."""
    gradient_clip: float | None = Field(default=None, gt=0)
    """Largest norm of the gradient of all parameters; a longer one is shortened to it."""


class SevennetFineTuner(FineTuner):
    """Fine-tunes SevenNet on energies, forces and stresses; its per-element reference energies stay as they are.

    A multi-fidelity model is trained in the modal that it was loaded with; what the modals share moves with it.
    """

    name = "sevennet"
    Options = SevennetTrainingOptions
    packages = SevennetPotential.packages
    strategies = frozenset({"full", "frozen", "head-only"})
    words = frozenset({"learning_rate", "batch_size", "patience"})

    def fine_tune(self, request: FineTuneRequest, folder: Path, progress: Progress) -> FineTuned:
        """As the contract says; writes `checkpoint.pth`. What an interrupted run left behind is not looked at.

        Raises InputError where the start is another potential, or the loss is not finite any more.
        """
        from whet_sevennet.training import Training

        settings, start = request.settings, request.start
        if not isinstance(start, SevennetPotential):
            raise InputError(f"potential {start.name!r} is not SevenNet, which is all that this fine-tuner knows")
        used = (request.train, request.valid) if settings.epochs else (FrameSet(()), FrameSet(()))
        batch_size = settings.batch_size or BATCH_SIZE
        steps = settings.epochs * -(-len(used[0]) // batch_size)
        # Read again: in a copy by deepcopy e3nn's constants turn into buffers, which no checkpoint may have.
        model = read_checkpoint(start.files["checkpoint"], start.device).model
        with untouched():
            train, valid = (_examples(frames, start, stress=settings.weights.stress > 0) for frames in used)
            _mark(model, settings.strategy)
            optimizer = self._optimizer(model, settings.learning_rate or LEARNING_RATE)
            training = Training(
                model,
                modal=start.modal,
                weights=settings.weights,
                criterion=self._criterion(),
                optimizer=optimizer,
                scheduler=self._scheduler(optimizer, steps),
                gradient_clip=self.options.gradient_clip,
            )
        before = training.score(valid, batch_size, "valid_start")
        account = training.run(
            train,
            valid,
            epochs=settings.epochs,
            batch_size=batch_size,
            patience=settings.patience,
            seed=request.seed,
            progress=progress,
        )
        path = folder / "checkpoint.pth"
        write_checkpoint(model, start.checkpoint.config, path)
        total = sum(parameter.numel() for parameter in model.parameters())
        applied = Applied(
            strategy=settings.strategy,
            epochs=account.epochs,
            batch_size=account.batch_size,
            learning_rate=account.learning_rate,
            labels=frozenset(account.labels),
            trainable_parameters=account.trainable_parameters,
            frozen_parameters=total - account.trainable_parameters,
            patience=settings.patience,
            stopped_early=account.stopped_early,
            other={
                **self.options.as_json(),
                **before,
                "best_epoch": account.best_epoch,
                "dtype": "float32",
                "optimizer": type(optimizer).__name__,
            },
        )
        options = {"model": FINE_TUNED} | ({} if start.modal is None else {"modal": start.modal})
        return FineTuned(options, {"checkpoint": path}, applied, account.curves)

    def _criterion(self) -> Criterion:
        from torch import nn

        if self.options.loss == "huber":
            return nn.HuberLoss(delta=self.options.delta)
        return nn.MSELoss() if self.options.loss == "mse" else nn.L1Loss()

    def _optimizer(self, model: AtomGraphSequential, learning_rate: float) -> torch.optim.Optimizer:
        from torch import optim

        kinds: dict[str, Any] = {"adam": optim.Adam, "adamw": optim.AdamW, "radam": optim.RAdam, "sgd": optim.SGD}
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        return kinds[self.options.optimizer](trained, lr=learning_rate, weight_decay=self.options.weight_decay)

    def _scheduler(self, optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
        """Of the learning rate, for that many steps in all."""
        from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR

        last, steps = self.options.decay_fraction, max(steps, 1)
        if self.options.scheduler == "cosine":
            return CosineAnnealingLR(optimizer, T_max=steps, eta_min=last * optimizer.param_groups[0]["lr"])
        return ExponentialLR(optimizer, last ** (1 / steps) if self.options.scheduler == "exponential" else 1.0)


def _mark(model: AtomGraphSequential, strategy: str) -> None:
    """Marks the parameters that the strategy trains.

    `frozen` trains the last interaction layer and the readout, `head-only` the readout.
    """
    layers = {int(name.partition("_")[0]) for name, _ in model.named_children() if name[0].isdigit()}
    trained = {"full": ("",), "frozen": (f"{max(layers)}_", *READOUT), "head-only": READOUT}[strategy]
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(trained) and not any(part in name for part in FIXED))


def _examples(frames: FrameSet, start: SevennetPotential, *, stress: bool) -> list[Example]:
    """Frames as graphs and targets, made once; they stay in memory for the whole training."""
    import torch

    from whet_sevennet.graphs import graph_of
    from whet_sevennet.training import Example

    tensor = partial(torch.tensor, dtype=torch.float64, device=start.device)
    return [
        Example(
            graph_of(frame, start.model.cutoff),
            energy=tensor(labels.energy),
            forces=tensor(labels.forces),
            stress=tensor(labels.stress) if stress else None,
        )
        for frame in frames
        for labels in [Labels.of(frame)]
    ]
