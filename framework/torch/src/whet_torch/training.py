"""Training: the loop that fits a torch model to labeled frames, and accounts for what it did.

The trainers of upstream packages are not used: each leaves something out of what Whet promises, or does it unsaid.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic

from whet import FineTuneRequest, FrameSet, InputError, Loss, PluginError, Progress
from whet_torch.account import Account
from whet_torch.answers import Answers
from whet_torch.example import Example, Graph
from whet_torch.isolation import untouched
from whet_torch.options import TrainingOptions
from whet_torch.reproducibility import reproducible

if TYPE_CHECKING:
    import torch
    from ase import Atoms
    from torch import Tensor


class Training(Generic[Graph]):
    """One training of a model, in place: of those of its parameters that require a gradient.

    graph_of: makes of a frame what the model takes; asked once for each frame, and kept in memory. answers: asks the
    model for a batch of graphs; the second argument says whether a loss of the answers will be differentiated.
    learning_rate, batch_size: where the request has none.

    The loss is `whet.Loss`: the weighted sum of the criterion of energies per atom, forces and stresses, each averaged
    over the frames or components of a batch; validation is averaged over frames, one by one.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        request: FineTuneRequest,
        options: TrainingOptions,
        *,
        graph_of: Callable[[Atoms], Graph],
        answers: Callable[[Sequence[Graph], bool], Answers],
        learning_rate: float,
        batch_size: int,
    ) -> None:
        settings = request.settings
        self.model = model
        self.request = request
        self.graph_of = graph_of
        self.answers = answers
        self.batch_size = settings.batch_size or batch_size
        self.weights = {name: weight for name, weight in request.weights if weight > 0}
        self.trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.gradient_clip = options.gradient_clip
        self.criterion = options.make_criterion()
        steps = settings.epochs * math.ceil(len(request.train) / self.batch_size)
        with untouched():  # torch's first optimizer imports its compiler, which sets an environment variable
            self.optimizer = options.make_optimizer(self.trained, settings.learning_rate or learning_rate)
            self.scheduler = options.make_scheduler(self.optimizer, max(steps, 1))
        total = sum(parameter.numel() for parameter in model.parameters())
        dtype = str(self.trained[0].dtype).removeprefix("torch.")
        self.account = Account(options.as_json(), total, dtype, settings.patience, self._loss())

    def run(self, progress: Progress) -> Account:
        """Trains; without epochs it does nothing. The process is left as it was; progress is told outside of that.

        The model ends with the weights of the lowest validation loss, without validation frames with the last ones.
        The same seed gives the same weights, bit for bit, on the same CPU. Raises InputError where the training
        diverges, PluginError where answers are not what they should be.
        """
        import torch

        account, request = self.account, self.request
        epochs, patience = request.settings.epochs, request.settings.patience
        if not epochs:
            return account
        with untouched(), reproducible():
            train, valid = self._examples(request.train), self._examples(request.valid)
            account.start = self._score(valid, "valid_start")
        shuffle = torch.Generator().manual_seed(request.seed)
        kept, lowest = None, math.inf
        for epoch in range(1, epochs + 1):
            with untouched(), reproducible():
                torch.manual_seed(request.seed + epoch)  # of dropout, where a model has it
                scores = self._epoch(train, valid, epoch, shuffle)
            for name, value in scores.items():
                account.curves.setdefault(name, []).append(value)
            account.epochs = epoch
            if not valid:
                account.best_epoch = epoch
            elif scores["valid_loss"] < lowest:
                lowest, account.best_epoch = scores["valid_loss"], epoch
                kept = copy.deepcopy(self.model.state_dict())
            request.tell_losses(epoch, scores)
            progress(epoch, epochs)
            if patience is not None and epoch - account.best_epoch >= patience:
                account.stopped_early = epoch < epochs
                break
        if kept is not None:
            self.model.load_state_dict(kept)
        self.model.eval()
        return account

    def _loss(self) -> Loss:
        """What is minimized, by what computes it."""
        from torch import nn

        for errors, kind in (("squared", nn.MSELoss), ("Huber", nn.HuberLoss), ("absolute", nn.L1Loss)):
            if isinstance(self.criterion, kind):
                return Loss(errors, self.weights, getattr(self.criterion, "delta", None))
        return Loss(type(self.criterion).__name__, self.weights)

    def _examples(self, frames: FrameSet) -> list[Example[Graph]]:
        stress, device = "stress" in self.weights, self.trained[0].device
        return [Example.of(frame, self.graph_of(frame), stress=stress, device=device) for frame in frames]

    def _epoch(
        self, train: Sequence[Example[Graph]], valid: Sequence[Example[Graph]], epoch: int, shuffle: torch.Generator
    ) -> dict[str, float]:
        """One pass over the training examples, and what came out of it, by the names of the curves."""
        import torch

        order = torch.randperm(len(train), generator=shuffle).tolist()
        total = 0.0
        for start in range(0, len(order), self.batch_size):
            batch = [train[index] for index in order[start : start + self.batch_size]]
            total += len(batch) * self._step(batch, epoch)
        scores = {"train_loss": total / len(train), **self._score(valid, "valid")}
        _check_finite("valid_loss", scores.get("valid_loss", 0.0), epoch)
        # A finite loss can have a gradient that is not; in the last step nothing else would tell.
        norms = [parameter.detach().norm() for parameter in self.trained]
        _check_finite("the norm of the weights", torch.stack(norms).sum().item(), epoch)
        return scores

    def _step(self, batch: Sequence[Example[Graph]], epoch: int) -> float:
        """One step of the optimizer; the loss before it."""
        import torch

        account = self.account
        if not account.batch_size:
            account.batch_size, account.learning_rate = len(batch), self.optimizer.param_groups[0]["lr"]
        terms = self._terms(self._pairs(batch, differentiable=True))
        loss = torch.stack(list(terms.values())).sum()
        _check_finite("train_loss", loss.item(), epoch)
        self.optimizer.zero_grad()
        # A batch of isolated atoms has forces that no parameter can change.
        if loss.requires_grad:
            # Named inputs: else gradients would be gathered in the coordinates, too.
            loss.backward(inputs=self.trained)
        account.labels.update(name for name, term in terms.items() if term.requires_grad)
        reached = sum(parameter.numel() for parameter in self.trained if parameter.grad is not None)
        account.trainable_parameters = max(account.trainable_parameters, reached)
        if self.gradient_clip is not None:
            torch.nn.utils.clip_grad_norm_(self.trained, self.gradient_clip)
        self.optimizer.step()
        self.scheduler.step()
        return loss.item()

    def _score(self, examples: Sequence[Example[Graph]], prefix: str) -> dict[str, float]:
        """Loss and mean absolute errors over examples, by name with the prefix; empty without examples."""
        if not examples:
            return {}
        loss = 0.0
        errors: dict[str, list[float]] = {}
        for example in examples:
            pairs = self._pairs([example], differentiable=False)
            loss += sum(term.item() for term in self._terms(pairs).values())
            for name in ("energy", "forces"):
                if name in pairs:
                    predicted, wanted = pairs[name]
                    errors.setdefault(name, []).extend((predicted - wanted).abs().flatten().tolist())
        maes = {f"{prefix}_{name}_mae": math.fsum(values) / len(values) for name, values in errors.items()}
        return {f"{prefix}_loss": loss / len(examples), **maes}

    def _terms(self, pairs: dict[str, tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
        """The weighted terms of the loss."""
        return {name: weight * self.criterion(*pairs[name]) for name, weight in self.weights.items()}

    def _pairs(self, batch: Sequence[Example[Graph]], *, differentiable: bool) -> dict[str, tuple[Tensor, Tensor]]:
        """What the model says and what it should say, by term, of all that it says."""
        import torch

        self.model.train(differentiable)
        found = self.answers([example.graph for example in batch], differentiable)
        sizes = found.energies.new_tensor([len(example.forces) for example in batch])
        wanted = {
            "energy": torch.stack([example.energy for example in batch]),
            "forces": torch.cat([example.forces for example in batch]),
        }
        if "stress" in self.weights:
            wanted["stress"] = torch.stack([example.stress for example in batch if example.stress is not None])
        said = {"energy": found.energies / sizes, "forces": found.forces, "stress": found.stresses}
        pairs = {name: (tensor, wanted[name]) for name in wanted if (tensor := said[name]) is not None}
        if lacking := sorted(self.weights.keys() - pairs.keys()):
            raise PluginError(f"{type(self.model).__name__} answers no {lacking[0]}, which has a weight in the loss")
        for name, (one, other) in pairs.items():
            # Torch would stretch one of two shapes to fit the other, and train on that.
            if one.shape != other.shape:
                shapes = f"{tuple(one.shape)}, not {tuple(other.shape)}"
                raise PluginError(f"{type(self.model).__name__} answers {name} in the shape {shapes}")
        return pairs


def _check_finite(name: str, value: float, epoch: int) -> None:
    if not math.isfinite(value):
        raise InputError(
            f"the training diverged: {name} is {value} in epoch {epoch}",
            hint="Lower learning_rate, or set gradient_clip under upstream",
        )
