"""loss_terms: how much of a loss each labeled quantity has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.contracts.loss import Loss
from whet.data.identity import JSON
from whet.data.labels import Labels

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class LossTerm:
    """One term of a loss. mean: before it is weighted; share: of the whole loss. None: not known."""

    weight: float
    mean: float | None
    share: float | None

    def as_json(self) -> dict[str, JSON]:
        """Plain data: weight, mean, share."""
        return dict(vars(self))


def loss_terms(loss: Loss, frames: Sequence[Atoms], predicted: Sequence[Labels]) -> dict[str, LossTerm]:
    """The terms of the loss over all frames as one batch, by the labeled quantity.

    frames: labeled, on the energy scale of the predictions (one for each frame). A quantity without a weight has the
    share 0, so that what is labeled and not learned from is seen; stress counts as labeled where every frame has it.
    """
    import numpy as np

    pairs = [(len(frame), Labels.of(frame), said) for frame, said in zip(frames, predicted, strict=True)]
    names = ["energy", "forces"]
    if all(label.stress is not None for _, label, _ in pairs):
        names.append("stress")

    def errors(name: str) -> np.ndarray:
        if name == "energy":
            return np.array([(said.energy - label.energy) / size for size, label, said in pairs])
        return np.concatenate([(getattr(said, name) - getattr(label, name)).ravel() for _, label, said in pairs])

    weights = {name: float(loss.weights.get(name, 0.0)) for name in names}
    means = {name: loss.mean(errors(name)) for name in names if weights[name] > 0}
    weighted = {name: weights[name] * mean for name, mean in means.items() if mean is not None}
    whole = sum(weighted.values())
    known = len(weighted) == len(means) and whole > 0
    return {
        name: LossTerm(weights[name], means.get(name), weighted.get(name, 0.0) / whole if known else None)
        for name in names
    }
