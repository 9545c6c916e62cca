"""Training: the loop that fits a SevenNet model to labeled graphs.

Upstream's `Trainer` runs an epoch without telling what it did: labels that are missing leave the loss without a word,
a loss that is NaN is trained on, gradients cannot be clipped or counted, and nothing keeps the best epoch. Its stress
is in kbar, so that one Huber delta means two different things.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from whet import InputError, Weights
from whet_sevennet.answers import Answer, answer
from whet_sevennet.graphs import Graph, batch_of
from whet_sevennet.isolation import untouched

if TYPE_CHECKING:
    import torch
    from sevenn.nn.sequential import AtomGraphSequential  # pyright: ignore[reportMissingImports]
    from torch import Tensor

TERMS = ("energy", "forces", "stress")

Criterion = Callable[["Tensor", "Tensor"], "Tensor"]


@dataclass(frozen=True)
class Example:
    """A graph and what is to be learned from it, float64 tensors on the model's device.

    energy: eV, total, scalar. forces: (n_atoms, 3), eV/Å. stress: (3, 3), eV/Å³; None where it is not trained on.
    """

    graph: Graph
    energy: Tensor
    forces: Tensor
    stress: Tensor | None = None


@dataclass
class Account:
    """What happened, as it happened.

    learning_rate, batch_size: of the first step. labels: terms whose loss was differentiated. trainable_parameters:
    how many numbers a gradient reached. best_epoch: whose weights were kept, from 1. curves: by name, one value an
    epoch: `train_loss` as the epoch went on; after it `valid_loss`, `valid_energy_mae` (eV per atom) and
    `valid_forces_mae` (eV/Å).
    """

    learning_rate: float = 0.0
    batch_size: int = 0
    epochs: int = 0
    labels: set[str] = field(default_factory=set)
    trainable_parameters: int = 0
    best_epoch: int = 0
    stopped_early: bool = False
    curves: dict[str, list[float]] = field(default_factory=dict)


class Training:
    """One training: the model is changed in place, and ends with the weights of the best epoch.

    The best epoch has the lowest validation loss; without validation examples it is the last one.
    criterion: of a prediction and a target, of the same shape; the loss is its weighted sum over energy per atom,
    force and stress components. optimizer: over the parameters that are trained. scheduler: steps after every batch.
    """

    def __init__(
        self,
        model: AtomGraphSequential,
        *,
        modal: str | None,
        weights: Weights,
        criterion: Criterion,
        optimizer: torch.optim.Optimizer,
        scheduler: torch.optim.lr_scheduler.LRScheduler,
        gradient_clip: float | None,
    ) -> None:
        self.model = model
        self.modal = modal
        self.weights = {term: float(getattr(weights, term)) for term in TERMS if getattr(weights, term) > 0}
        self.criterion = criterion
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.gradient_clip = gradient_clip
        self.trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.account = Account()

    def run(
        self,
        train: Sequence[Example],
        valid: Sequence[Example],
        *,
        epochs: int,
        batch_size: int,
        patience: int | None,
        seed: int,
        progress: Callable[[int, int], None],
    ) -> Account:
        """Trains; the same seed gives the same weights, bit for bit, on the same CPU.

        Raises InputError where the loss is no longer finite.
        """
        account = self.account
        kept, lowest = None, math.inf
        for epoch, batches in enumerate(_shuffled(train, epochs, batch_size, seed), start=1):
            loss = math.fsum(self._step(batch, epoch) * len(batch) for batch in batches) / len(train)
            scores = {"train_loss": loss, **self.score(valid, batch_size, "valid")}
            for name, value in scores.items():
                account.curves.setdefault(name, []).append(value)
            valid_loss = scores.get("valid_loss")
            if valid_loss is not None:
                _check_finite("valid_loss", valid_loss, epoch)
            account.epochs = epoch
            if valid_loss is None:
                account.best_epoch = epoch
            elif valid_loss < lowest:
                lowest, account.best_epoch = valid_loss, epoch
                kept = {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}
            progress(epoch, epochs)
            if patience is not None and valid and epoch - account.best_epoch >= patience:
                account.stopped_early = epoch < epochs
                break
        if kept is not None:
            self.model.load_state_dict(kept)
        return account

    def score(self, examples: Sequence[Example], batch_size: int, prefix: str) -> dict[str, float]:
        """Loss and mean absolute errors over examples, by name with the prefix; empty without examples."""
        if not examples:
            return {}
        losses, energies, forces = [], [], []
        for batch in _cut(examples, batch_size):
            found = self._answer(batch, differentiable=False)
            terms = self._terms(batch, found)
            losses.append(len(batch) * math.fsum(self.weights[term] * value.item() for term, value in terms.items()))
            energies += [(one - other).abs().item() for one, other in zip(*_pair("energy", batch, found), strict=True)]
            one, other = _pair("forces", batch, found)
            forces.append((one - other).abs().sum().item())
        return {
            f"{prefix}_loss": math.fsum(losses) / len(examples),
            f"{prefix}_energy_mae": math.fsum(energies) / len(examples),
            f"{prefix}_forces_mae": math.fsum(forces) / sum(example.forces.numel() for example in examples),
        }

    def _step(self, batch: Sequence[Example], epoch: int) -> float:
        """One step of the optimizer; the loss before it."""
        import torch

        if not self.account.batch_size:
            self.account.batch_size = len(batch)
            self.account.learning_rate = self.optimizer.param_groups[0]["lr"]
        terms = self._terms(batch, self._answer(batch, differentiable=True))
        loss = torch.stack([self.weights[term] * value for term, value in terms.items()]).sum()
        _check_finite("train_loss", loss.item(), epoch)
        self.optimizer.zero_grad()
        # A batch of isolated atoms has forces that no parameter can change.
        if loss.requires_grad:
            loss.backward(inputs=self.trained)
            self.account.labels.update(term for term, value in terms.items() if value.requires_grad)
        reached = sum(parameter.numel() for parameter in self.trained if parameter.grad is not None)
        self.account.trainable_parameters = max(self.account.trainable_parameters, reached)
        if self.gradient_clip is not None:
            torch.nn.utils.clip_grad_norm_(self.trained, self.gradient_clip)
        self.optimizer.step()
        self.scheduler.step()
        return loss.item()

    def _answer(self, batch: Sequence[Example], *, differentiable: bool) -> Answer:
        device = str(batch[0].energy.device)
        graphs = [example.graph for example in batch]
        # Around each answer and not around the whole training: progress is told to others, who may print.
        with untouched():
            return answer(self.model, batch_of(graphs, modal=self.modal, device=device), differentiable=differentiable)

    def _terms(self, batch: Sequence[Example], found: Answer) -> dict[str, Tensor]:
        """The criterion of every term that has a weight, unweighted."""
        return {term: self.criterion(*_pair(term, batch, found)) for term in self.weights}


def _pair(term: str, batch: Sequence[Example], found: Answer) -> tuple[Tensor, Tensor]:
    """Predictions and targets of one term: energies per atom (n_frames,), forces (n_atoms, 3), stresses."""
    import torch

    if term == "forces":
        return found.forces, torch.cat([example.forces for example in batch])
    if term == "stress":
        stresses: list[Any] = [example.stress for example in batch]
        return found.stresses, torch.stack(stresses)
    sizes = found.energies.new_tensor([len(example.forces) for example in batch])
    return found.energies / sizes, torch.stack([example.energy for example in batch]) / sizes


def _shuffled(
    examples: Sequence[Example], epochs: int, batch_size: int, seed: int
) -> Iterator[list[Sequence[Example]]]:
    """The batches of each epoch, in an order that hangs on the seed alone."""
    import torch

    dice = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        order = torch.randperm(len(examples), generator=dice).tolist()
        yield _cut([examples[index] for index in order], batch_size)


def _cut(examples: Sequence[Example], size: int) -> list[Sequence[Example]]:
    return [examples[start : start + size] for start in range(0, len(examples), size)]


def _check_finite(name: str, value: float, epoch: int) -> None:
    if not math.isfinite(value):
        raise InputError(
            f"the training diverged: {name} is {value} in epoch {epoch}",
            hint="Lower learning_rate, or set gradient_clip under upstream",
        )
