"""Training: the loop that fits a CHGNet model to labeled graphs.

Upstream's `Trainer` is not used: it keeps the epoch of the lowest energy error, whatever the forces do; its cosine
never ends where an epoch has fewer than ten batches; it takes two gradients a step; and it prints, writes a file an
epoch, and ends without an error where the loss is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from whet import InputError, Weights
from whet_chgnet.gradients import Answer, answers

if TYPE_CHECKING:
    import torch
    from chgnet.graph.crystalgraph import CrystalGraph
    from chgnet.model.model import CHGNet
    from torch import Tensor

TERMS = ("energy", "forces", "stress")


@dataclass(frozen=True)
class Example:
    """A graph and what is to be learned from it, float64 tensors on the model's device.

    energy: eV per atom, scalar. forces: (n_atoms, 3), eV/Å. stress: (3, 3), eV/Å³; None where it is not trained on.
    """

    graph: CrystalGraph
    energy: Tensor
    forces: Tensor
    stress: Tensor | None = None


@dataclass
class Account:
    """What happened, as it happened.

    learning_rate, batch_size: of the first step. labels: terms that entered a loss that was differentiated.
    trainable_parameters: how many numbers received a gradient. best_epoch: whose weights were kept, from 1.
    curves: by name, one value an epoch: `train_loss` as the epoch went on; after it `valid_loss`,
    `valid_energy_mae` (eV per atom) and `valid_forces_mae` (eV/Å).
    """

    learning_rate: float
    batch_size: int
    patience: int | None = None
    epochs: int = 0
    labels: set[str] = field(default_factory=set)
    trainable_parameters: int = 0
    best_epoch: int = 0
    stopped_early: bool = False
    curves: dict[str, list[float]] = field(default_factory=dict)


class Training:
    """One training: the model is changed in place, and ends with the weights of the best epoch.

    The best epoch has the lowest validation loss; without validation examples it is the last one.
    criterion: of a prediction and a target, of the same shape. optimizer: over the model's trainable parameters.
    schedule: makes the learning-rate scheduler, given the number of steps in all; it steps after every batch.
    """

    def __init__(
        self,
        model: CHGNet,
        *,
        weights: Weights,
        criterion: Callable[[Tensor, Tensor], Tensor],
        optimizer: torch.optim.Optimizer,
        schedule: Callable[[int], Any],
        gradient_clip: float | None,
    ) -> None:
        self.model = model
        self.trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.weights = {name: float(getattr(weights, name)) for name in TERMS if getattr(weights, name) > 0}
        self.criterion = criterion
        self.optimizer = optimizer
        self.schedule = schedule
        self.gradient_clip = gradient_clip

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
        import torch

        account = Account(self.optimizer.param_groups[0]["lr"], min(batch_size, len(train)), patience)
        batches = -(-len(train) // batch_size)
        scheduler = self.schedule(epochs * batches)
        shuffle = torch.Generator().manual_seed(seed)
        best = float("inf")
        weights = None
        for epoch in range(1, epochs + 1):
            order = torch.randperm(len(train), generator=shuffle).tolist()
            losses = []
            for start in range(0, len(train), batch_size):
                batch = [train[index] for index in order[start : start + batch_size]]
                losses.append((self._step(batch, account), len(batch)))
                scheduler.step()
            scores = {
                "train_loss": sum(loss * size for loss, size in losses) / len(train),
                **self.score(valid, "valid"),
            }
            for name, value in scores.items():
                account.curves.setdefault(name, []).append(value)
            for name in ("train_loss", "valid_loss"):
                if name in scores and not abs(scores[name]) < float("inf"):
                    raise InputError(
                        f"the training diverged: {name} is {scores[name]} in epoch {epoch}",
                        hint="Lower learning_rate, or set gradient_clip under upstream",
                    )
            account.epochs = epoch
            progress(epoch, epochs)
            if "valid_loss" in scores and scores["valid_loss"] < best:
                best, account.best_epoch = scores["valid_loss"], epoch
                weights = {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}
            elif "valid_loss" in scores and patience is not None and epoch - account.best_epoch >= patience:
                account.stopped_early = epoch < epochs
                break
        if weights is None:
            account.best_epoch = account.epochs
        else:
            self.model.load_state_dict(weights)
        self.model.eval()
        return account

    def score(self, examples: Sequence[Example], prefix: str) -> dict[str, float]:
        """Loss and mean absolute errors over examples, by name with the prefix; empty without examples."""
        import torch

        if not examples:
            return {}
        self.model.eval()
        loss, energy, forces, components = 0.0, 0.0, 0.0, 0
        for example in examples:
            (answer,) = self._answers([example], differentiable=False)
            with torch.no_grad():
                terms = self._terms([example], [answer])
                loss += sum(self.weights[name] * term.item() for name, term in terms.items())
                energy += (answer.energy / len(example.forces) - example.energy).abs().item()
                if answer.forces is not None:
                    forces += (answer.forces - example.forces).abs().sum().item()
                    components += example.forces.numel()
        scores = {f"{prefix}_loss": loss / len(examples), f"{prefix}_energy_mae": energy / len(examples)}
        return {**scores, f"{prefix}_forces_mae": forces / components} if components else scores

    def _step(self, batch: Sequence[Example], account: Account) -> float:
        import torch

        self.model.train()
        terms = self._terms(batch, self._answers(batch, differentiable=True))
        loss = torch.stack([self.weights[name] * term for name, term in terms.items()]).sum()
        self.optimizer.zero_grad()
        # Named inputs: else the gradient would also be gathered in the coordinates of every graph.
        loss.backward(inputs=self.trained)
        account.labels.update(name for name, term in terms.items() if term.requires_grad)
        reached = sum(parameter.numel() for parameter in self.trained if parameter.grad is not None)
        account.trainable_parameters = max(account.trainable_parameters, reached)
        if self.gradient_clip is not None:
            torch.nn.utils.clip_grad_norm_(self.trained, self.gradient_clip)
        self.optimizer.step()
        return loss.item()

    def _answers(self, batch: Sequence[Example], *, differentiable: bool) -> list[Answer]:
        return answers(
            self.model,
            [example.graph for example in batch],
            forces="forces" in self.weights or "stress" in self.weights,
            stress="stress" in self.weights,
            differentiable=differentiable,
        )

    def _terms(self, batch: Sequence[Example], found: Sequence[Answer]) -> dict[str, Tensor]:
        """The criterion of every term that has a weight, unweighted."""
        return {name: self.criterion(*_columns(name, batch, found)) for name in self.weights}


def _columns(name: str, batch: Sequence[Example], found: Sequence[Answer]) -> tuple[Tensor, Tensor]:
    """Predictions and targets of one term over a batch, as two flat tensors."""
    import torch

    def flat(tensors: Iterator[Any]) -> Tensor:
        return torch.cat([tensor.reshape(-1) for tensor in tensors])

    if name == "energy":
        per_atom = (answer.energy / len(example.forces) for example, answer in zip(batch, found, strict=True))
        return flat(per_atom), flat(example.energy for example in batch)
    return flat(getattr(answer, name) for answer in found), flat(getattr(example, name) for example in batch)
