"""PairwiseFineTuner: fine-tuning of the pair potential."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import Field

from whet import (
    Applied,
    FineTuned,
    FineTuner,
    FineTuneRequest,
    FrameSet,
    InputError,
    Labels,
    Loss,
    LossWeights,
    Options,
    Progress,
)
from whet_pairwise.potential import PairwisePotential

LEARNING_RATE = 0.5

REPULSIVE = 3
"""How many of the functions, from the shortest distance, the strategy `frozen` leaves as they are."""


class PairwiseUpstream(Options):
    """Keys of this trainer alone."""

    decay: float = Field(default=0.0, ge=0)
    """Weight decay, eV⁻²."""


class PairwiseFineTuner(FineTuner[PairwiseUpstream]):
    """Descends the squared errors along the Newton direction, all frames in one batch."""

    name = "pairwise"
    strategies = frozenset({"full", "frozen"})
    words = frozenset({"learning_rate"})

    def fine_tune(self, request: FineTuneRequest, folder: Path, progress: Progress) -> FineTuned:
        """As the contract says; writes `weights.json`. Raises InputError where the start is another potential."""
        import numpy as np

        settings, start = request.settings, request.start
        if not isinstance(start, PairwisePotential):
            raise InputError(f"potential {start.name!r} is no pair potential, which is all that this fine-tuner knows")
        model = start.model
        coefficients = model.coefficients.copy()
        free = np.ones(coefficients.shape, dtype=bool)
        if settings.strategy == "frozen":
            free[:, :REPULSIVE] = False
        rate = settings.learning_rate or LEARNING_RATE
        losses: list[float] = []
        if settings.epochs:
            matrix, wanted = _equations(start, request.train, request.weights)
            matrix, wanted = matrix[:, free.ravel()], wanted - matrix[:, ~free.ravel()] @ coefficients[~free]
            curvature = matrix.T @ matrix + self.options.decay * np.eye(matrix.shape[1])
            inverse = np.linalg.pinv(curvature, rcond=1e-9, hermitian=True)
            for epoch in range(1, settings.epochs + 1):
                gradient = matrix.T @ (matrix @ coefficients[free] - wanted) + self.options.decay * coefficients[free]
                coefficients[free] -= rate * inverse @ gradient
                losses.append(float(np.sum((matrix @ coefficients[free] - wanted) ** 2)))
                request.tell_losses(epoch, {"train_loss": losses[-1]})
                progress(epoch, settings.epochs)
        path = folder / "weights.json"
        replace(model, coefficients=coefficients).write(path)
        # Read back from what was done, not from what was asked for: the core compares the two.
        applied = Applied(
            strategy=settings.strategy,
            epochs=len(losses),
            batch_size=max(len(request.train), 1),
            learning_rate=rate,
            labels=frozenset(name for name, weight in request.weights if weight > 0),
            trainable_parameters=int(free.sum()),
            frozen_parameters=int((~free).sum()),
            loss=Loss("squared", dict(request.weights)),
            other=self.options.as_json(),
        )
        return FineTuned({"model": "fine-tuned"}, {"checkpoint": path}, applied, {"train_loss": losses})


def _equations(potential: PairwisePotential, frames: FrameSet, weights: LossWeights) -> tuple:
    """The linear equations whose squared residuals are the loss: matrix (n, m) and right side (n,).

    Each term is a mean over the frames (energies) or over the components of all frames, as it is for every backend.
    """
    import numpy as np

    numbers = {"energy": len(frames), "forces": 3 * sum(map(len, frames)), "stress": 9 * len(frames)}
    rows, right = [], []
    for atoms in frames:
        labels, (energy, forces, virial) = Labels.of(atoms), potential.model.features(atoms)
        parts = {"energy": (energy[None] / len(atoms), np.array([labels.energy / len(atoms)]))}
        parts["forces"] = (forces.reshape(-1, len(energy)), labels.forces.ravel())
        if labels.stress is not None:
            parts["stress"] = (virial.reshape(9, -1) / atoms.get_volume(), labels.stress.ravel())
        for name, (matrix, wanted) in parts.items():
            if weight := getattr(weights, name):
                scale = np.sqrt(weight / numbers[name])
                rows.append(scale * matrix)
                right.append(scale * wanted)
    return np.concatenate(rows), np.concatenate(right)
