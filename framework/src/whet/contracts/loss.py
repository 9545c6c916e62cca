"""Loss: what a training minimizes, in words that mean the same for every backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.contracts.fine_tune_settings import STRESS_WEIGHT, Weights
from whet.data.frames import FrameSet
from whet.data.identity import JSON, without_none
from whet.data.labels import Labels

if TYPE_CHECKING:
    import numpy as np

    from whet.contracts.potential import Capabilities


@dataclass(frozen=True)
class LossWeights:
    """The weights of one training, with that of stress decided; iterating gives names and weights.

    stress_because: why stress has its weight, where the user left that open; else empty.
    """

    energy: float
    forces: float
    stress: float
    stress_because: str = ""

    def __iter__(self) -> Iterator[tuple[str, float]]:
        yield from (("energy", self.energy), ("forces", self.forces), ("stress", self.stress))

    @classmethod
    def decided(cls, asked: Weights, frames: FrameSet, capabilities: Capabilities) -> LossWeights:
        """What was asked for; where nothing was said of stress, it is trained on if that is possible at all.

        frames: all labeled ones, for training and validation. One frame without a stress leaves stress out: a mean
        over fewer frames than the other terms have would be another loss.
        """
        if asked.stress is not None:
            return cls(asked.energy, asked.forces, asked.stress)
        bare = sum(Labels.of(frame).stress is None for frame in frames)
        open_ended = sum(not frame.pbc.all() for frame in frames)
        if "stress" not in capabilities.properties:
            left_out = "the potential gives none"
        elif bare:
            left_out = f"{bare} of {len(frames)} frames have none"
        elif open_ended:
            left_out = f"{open_ended} of {len(frames)} frames are not periodic in all directions"
        else:
            return cls(
                asked.energy, asked.forces, STRESS_WEIGHT, f"stress trained on: all {len(frames)} frames have it"
            )
        return cls(asked.energy, asked.forces, 0.0, f"stress left out: {left_out}")


@dataclass(frozen=True)
class Loss:
    """The loss of a training: Σ weight × mean of what `errors` makes of each error, over the numbers in a batch.

    Those numbers are the energies per atom of the frames (eV), all force components (eV/Å) and the nine stress
    components of all frames (eV/Å³).

    errors: `squared` (e²), `Huber` (e²/2 up to `delta`, delta·(|e| − delta/2) beyond it) or `absolute` (|e|). Any
    other word is the upstream package's name of a loss that is none of these. weights: of `energy`, `forces`,
    `stress`. delta: in the unit of each term.
    """

    errors: str
    weights: Mapping[str, float]
    delta: float | None = None

    @property
    def criterion(self) -> str:
        """What it makes of errors, in words: two losses with the same words weigh alike."""
        if self.errors == "Huber":
            return f"Huber, delta {self.delta:g}"
        return f"{self.errors} errors" if self.errors in ("squared", "absolute") else self.errors

    def mean(self, errors: np.ndarray) -> float | None:
        """The mean over errors (any shape) before it is weighted; None where the loss is upstream's own."""
        import numpy as np

        size = np.abs(errors)
        if self.errors == "squared":
            return float(np.mean(size**2))
        if self.errors == "absolute":
            return float(np.mean(size))
        if self.errors == "Huber" and self.delta is not None:
            return float(np.mean(np.where(size <= self.delta, size**2 / 2, self.delta * (size - self.delta / 2))))
        return None

    def as_json(self) -> dict[str, JSON]:
        """Plain data for a step's result: errors, weights, criterion and, where there is one, delta."""
        said: dict[str, JSON] = {"errors": self.errors, "weights": dict(self.weights), "criterion": self.criterion}
        return without_none({**said, "delta": self.delta})
