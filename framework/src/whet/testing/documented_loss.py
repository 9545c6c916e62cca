"""documented_loss: the loss that `weights:` stands for, written out, to hold a backend's own number against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from whet.data.labels import Labels

if TYPE_CHECKING:
    from ase import Atoms


def documented_loss(frames: Sequence[Atoms], predicted: Sequence[Labels], weights: Mapping[str, float]) -> float:
    """Σ weight × mean squared error over all frames as one batch: of eV/atom, of eV/Å and of eV/Å³.

    frames: labeled, on the energy scale of the predictions, one for each of them. weights: of `energy`, `forces` and
    `stress`. Written anew and not asked of `Loss`, so that a fault there does not hide here.
    """
    import numpy as np

    errors: dict[str, list[np.ndarray]] = {"energy": [], "forces": [], "stress": []}
    for frame, said in zip(frames, predicted, strict=True):
        labels = Labels.of(frame)
        errors["energy"].append(np.array([(said.energy - labels.energy) / len(frame)]))
        errors["forces"].append((said.forces - labels.forces).ravel())
        if weights.get("stress") and said.stress is not None and labels.stress is not None:
            errors["stress"].append((said.stress - labels.stress).ravel())
    return sum(weight * float(np.mean(np.concatenate(errors[name]) ** 2)) for name, weight in weights.items() if weight)
