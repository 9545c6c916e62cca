"""TrainingOptions: the keys of the training loop, the same for every potential that it trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from whet import Options

if TYPE_CHECKING:
    import torch


class TrainingOptions(Options):
    """Keys of the training. A plugin whose potential wants other defaults declares those fields again."""

    optimizer: Literal["Adam", "AdamW", "RAdam", "SGD"] = "Adam"
    """Optimizer, of `torch.optim`."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Weight decay of the optimizer."""
    scheduler: Literal["CosLR", "ExponentialLR", "constant"] = "CosLR"
    """Learning rate over time: half a cosine down to decay_fraction at the last step, an exponential to the same
    value, or unchanged."""
    decay_fraction: float = Field(default=1e-2, gt=0, le=1)
    """Learning rate at the last step, as a fraction of the initial one."""
    criterion: Literal["Huber", "MSE", "MAE"] = "MSE"
    """Loss of energies per atom (eV), force components (eV/Å) and stress components (eV/Å³), averaged over each; with
    another than MSE the weights mean something else than for other potentials, and the report says so."""
    delta: float = Field(default=0.1, gt=0)
    """Of the Huber loss: half the square for errors below it, linear above; in the unit of each term."""
    gradient_clip: float | None = Field(default=None, gt=0)
    """Largest norm of the gradient of all trained parameters; a longer one is shortened to it."""

    def make_criterion(self) -> torch.nn.Module:
        """The mean loss of predictions against targets of the same shape."""
        from torch import nn

        if self.criterion == "Huber":
            return nn.HuberLoss(delta=self.delta)
        return nn.MSELoss() if self.criterion == "MSE" else nn.L1Loss()

    def make_optimizer(self, trained: list[torch.nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
        """The optimizer of these parameters."""
        from torch import optim

        kind: Any = getattr(optim, self.optimizer)
        return kind(trained, lr=learning_rate, weight_decay=self.weight_decay)

    def make_scheduler(self, optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
        """The learning rate over that many steps in all."""
        from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR

        if self.scheduler == "CosLR":
            lowest = self.decay_fraction * optimizer.param_groups[0]["lr"]
            return CosineAnnealingLR(optimizer, T_max=steps, eta_min=lowest)
        return ExponentialLR(
            optimizer, self.decay_fraction ** (1 / steps) if self.scheduler == "ExponentialLR" else 1.0
        )
