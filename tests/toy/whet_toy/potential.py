"""A pair potential: E = Σ_pairs Σ_k c_k φ_k(r) + Σ_atoms e, with smooth φ_k; linear in its parameters, so trainable."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import Field

from whet import (
    Applied,
    Capabilities,
    FineTuned,
    FineTuner,
    FineTuneRequest,
    InputError,
    Labels,
    Loss,
    ModelPath,
    Options,
    Potential,
)

if TYPE_CHECKING:
    import numpy as np

CUTOFF = 4.0
CENTERS = (1.8, 2.2, 2.6, 3.0, 3.4)


class ToyOptions(Options):
    """Options of the toy potential."""

    words = frozenset({"soft", "hard"})

    model: ModelPath = "soft"
    """`soft`, `hard`, or a file of coefficients."""
    scale: float = Field(default=1.0, gt=0)
    """Multiplies every pair term; no unit."""


def coefficients(model: str) -> list[float]:
    """The two built-in models: one is a softer version of the other."""
    hard = [0.9, 0.1, -0.35, -0.2, -0.05]
    return hard if model == "hard" else [0.6 * c + 0.02 * (-1) ** k for k, c in enumerate(hard)]


def features(atoms):
    """Pair features: sums (n_k,), their gradients (n_atoms, 3, n_k) and strain derivatives (3, 3, n_k)."""
    import numpy as np
    from ase.neighborlist import neighbor_list

    first, vectors, distances = neighbor_list("iDd", atoms, CUTOFF)
    centers = np.array(CENTERS)
    smooth = (1 - (distances / CUTOFF) ** 2) ** 3
    slope = -6 * distances / CUTOFF**2 * (1 - (distances / CUTOFF) ** 2) ** 2
    bump = np.exp(-((distances[:, None] - centers) ** 2) / 0.18)
    value = bump * smooth[:, None]
    derivative = bump * slope[:, None] + value * (-2 * (distances[:, None] - centers) / 0.18)
    unit = vectors / distances[:, None]
    pull = derivative[:, None, :] * unit[:, :, None]
    gradient = np.zeros((len(atoms), 3, len(centers)))
    np.add.at(gradient, first, -pull)
    strain = 0.5 * np.einsum("pak,pb->abk", pull, vectors)
    strain = 0.5 * (strain + strain.transpose(1, 0, 2))  # symmetric but for rounding
    return value.sum(axis=0) / 2, gradient, strain


class ToyPotential(Potential[ToyOptions]):
    """A trainable pair potential."""

    name = "toy"
    unpickles = False

    @classmethod
    def find_files(cls, options):
        from pathlib import Path

        if options.model in ("soft", "hard"):
            return {}
        if not Path(options.model).is_file():
            raise InputError("there is no such file", where=options.model)
        return {"coefficients": Path(options.model)}

    @cached_property
    def coefficients(self) -> np.ndarray:
        import numpy as np

        if "coefficients" in self.files:
            return np.array(json.loads(self.files["coefficients"].read_text()))
        return np.array(coefficients(self.options.model))

    @property
    def capabilities(self):
        return Capabilities(elements=frozenset({"Ar", "Ne", "Kr"}), cutoff=CUTOFF)

    def predict(self, frames, properties):
        for frame in frames:
            sums, gradient, strain = features(frame)
            c = self.coefficients * self.options.scale
            stress = strain @ c / frame.get_volume() if "stress" in properties else None
            yield Labels(float(sums @ c), -gradient @ c, stress)

    def save(self, folder):
        path = folder / "coefficients.json"
        path.write_text(json.dumps(list(map(float, self.coefficients))))
        return {"coefficients": path}


class ToyUpstream(Options):
    """Keys of the toy's own trainer."""

    decay: float = Field(default=0.0, ge=0)
    """Weight decay."""


class ToyFineTuner(FineTuner[ToyUpstream]):
    """Gradient descent on the coefficients, preconditioned by the curvature of the loss."""

    name = "toy"
    strategies = frozenset({"full"})
    words = frozenset({"learning_rate"})

    def fine_tune(self, request: FineTuneRequest, folder, progress):
        import numpy as np

        start: Any = request.start
        c = np.array(start.coefficients)
        weights = request.weights
        rate = request.settings.learning_rate or 0.5
        rows, targets = [], []
        count, components = len(request.train), 3 * sum(map(len, request.train))
        for frame in request.train:
            sums, gradient, strain = features(frame)
            labels = Labels.of(frame)
            # Means over the frames and over all components, times the number of frames: bits as they were before.
            energy, forces = np.sqrt(weights.energy), np.sqrt(weights.forces / (components / count))
            rows += [energy * sums[None] / len(frame), forces * -gradient.reshape(-1, len(c))]
            targets += [energy * np.array([labels.energy]) / len(frame), forces * labels.forces.ravel()]
            if weights.stress and labels.stress is not None:
                stress = np.sqrt(weights.stress / 9)
                rows.append(stress * strain.reshape(9, -1) / frame.get_volume())
                targets.append(stress * labels.stress.ravel())
        matrix, wanted = np.concatenate(rows), np.concatenate(targets)
        metric = np.linalg.pinv(matrix.T @ matrix + 1e-9 * np.eye(len(c)))
        losses = []
        for epoch in range(request.settings.epochs):
            c = c - rate * metric @ (matrix.T @ (matrix @ c - wanted) + self.options.decay * c)
            losses.append(float(np.sum((matrix @ c - wanted) ** 2)) / count)
            request.tell_losses(epoch + 1, {"train_loss": losses[-1]})
            progress(epoch + 1, request.settings.epochs)
        path = folder / "coefficients.json"
        path.write_text(json.dumps(list(map(float, c))))
        used = frozenset(name for name, weight in weights if weight > 0)
        loss = Loss("squared", dict(weights))
        applied = Applied("full", len(losses), len(request.train), rate, used, len(c), loss=loss)
        return FineTuned({"model": "fine-tuned"}, {"coefficients": path}, applied, {"train_loss": losses})
