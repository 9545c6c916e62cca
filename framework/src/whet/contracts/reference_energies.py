"""Reference energies: the one service that brings labels of another theory onto a potential's energy scale.

Total energies of two theories (or of a corrected model) differ by tens of eV per atom. Fed to a training as they are,
the energy term swamps everything and makes the forces worse than before; so the shift is fitted on the training
frames and taken out before the first step, for every backend alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.data.frames import FrameSet
from whet.data.identity import JSON
from whet.data.labels import Labels

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class ReferenceEnergies:
    """Per-element differences label − prediction, fitted by least squares on energies (eV by chemical symbol).

    rank: of the composition matrix; below the number of elements the compositions do not determine each element,
    and the solution is the one of minimum norm. residual: root mean square of what is left, eV/atom.
    """

    shift: Mapping[str, float]
    rank: int
    residual: float
    frames: int

    @classmethod
    def fit(cls, frames: Sequence[Atoms], labels: Sequence[float], predictions: Sequence[float]) -> ReferenceEnergies:
        """Fits label − prediction of total energies (eV), each frame weighted by 1/n_atoms (so: eV/atom).

        frames: compositions; labels, predictions: (n_frames,) eV.
        """
        import numpy as np

        elements = FrameSet(frames).elements
        if not frames:
            return cls({}, 0, 0.0, 0)
        sizes = np.array([len(frame) for frame in frames], dtype=float)
        symbols = [frame.get_chemical_symbols() for frame in frames]
        counts = np.array([[listed.count(element) for element in elements] for listed in symbols], dtype=float)
        matrix = counts / sizes[:, None]
        wanted = (np.asarray(labels, dtype=float) - np.asarray(predictions, dtype=float)) / sizes
        solution, _, rank, _ = np.linalg.lstsq(matrix, wanted, rcond=1e-8)
        residual = float(np.sqrt(np.mean((matrix @ solution - wanted) ** 2)))
        return cls(dict(zip(elements, map(float, solution), strict=True)), int(rank), residual, len(frames))

    @property
    def determined(self) -> bool:
        """Whether the compositions determine every element's shift."""
        return self.rank == len(self.shift)

    def of(self, atoms: Atoms) -> float:
        """The shift of a frame's total energy, eV; elements that were not fitted count 0."""
        return sum(self.shift.get(symbol, 0.0) for symbol in atoms.get_chemical_symbols())

    def removed_from(self, frames: Iterable[Atoms]) -> FrameSet:
        """Labeled frames with the shift taken out of their energies."""
        return FrameSet(Labels.of(frame).shifted(-self.of(frame)).attach(frame) for frame in frames)

    def as_json(self) -> dict[str, JSON]:
        """Plain data for a step's result."""
        return {"shift": dict(self.shift), "rank": self.rank, "residual": self.residual, "frames": self.frames}
