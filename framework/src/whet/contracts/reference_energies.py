"""Reference energies: the one service that brings labels of another theory onto a potential's energy scale.

Total energies of two theories (or of a corrected model) differ by tens of eV per atom. Fed to a training as they are,
the energy term swamps everything and makes the forces worse than before; so the shift is taken out before the first
step, for every backend alike: that of isolated atoms, or one that is fitted on the training frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from whet.contracts.energy_span import EnergySpan
from whet.data.frames import FrameSet
from whet.data.identity import JSON
from whet.data.labels import Labels

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


@dataclass(frozen=True)
class ReferenceEnergies:
    """Per-element differences label − prediction (eV by chemical symbol).

    rank: how many independent combinations of them are determined; below the number of elements the compositions that
    were fitted do not determine each element, and the solution is the one of minimum norm. residual: root mean square
    of what is left, eV/atom. source: `fit` (least squares on energies), `atoms` (isolated atoms), `foundation` or
    `none` (nothing is shifted). span: of a fit that does not determine each element the formulas of the independent
    compositions (see `EnergySpan`). note: what a reader must know; a sentence, or empty.
    """

    shift: Mapping[str, float]
    rank: int
    residual: float
    frames: int
    source: str = "fit"
    span: Sequence[str] = ()
    note: str = ""

    @classmethod
    def fit(cls, frames: Sequence[Atoms], labels: Sequence[float], predictions: Sequence[float]) -> Self:
        """Fits label − prediction of total energies (eV), each frame weighted by 1/n_atoms (so: eV/atom).

        The ε that make Σ((E_label − E_predicted)/n − Σ_X n_X ε_X/n)² least, over frames of n atoms, n_X of them of the
        element X; of those, the one of least Σε².
        frames: compositions; labels, predictions: (n_frames,) eV.
        """
        import numpy as np

        elements = FrameSet(frames).elements
        if not frames:
            return cls({}, 0, 0.0, 0)
        matrix = _fractions(frames, elements)
        wanted = _per_atom(frames, labels, predictions)
        solution, _, rank, _ = np.linalg.lstsq(matrix, wanted, rcond=1e-8)
        residual = float(np.sqrt(np.mean((matrix @ solution - wanted) ** 2)))
        shift = dict(zip(elements, map(float, solution), strict=True))
        span = EnergySpan.of(frames, elements).fitted if rank < len(elements) else ()
        return cls(shift, int(rank), residual, len(frames), span=span)

    @classmethod
    def given(
        cls,
        shift: Mapping[str, float],
        frames: Sequence[Atoms],
        labels: Sequence[float],
        predictions: Sequence[float],
        *,
        source: str,
    ) -> Self:
        """A shift that comes from elsewhere, with what it leaves of label − prediction (eV) on these frames."""
        import numpy as np

        elements = FrameSet(frames).elements
        taken = _fractions(frames, elements) @ np.array([shift.get(element, 0.0) for element in elements])
        left = _per_atom(frames, labels, predictions) - taken
        return cls(dict(shift), len(shift), float(np.sqrt(np.mean(left**2))), len(frames), source)

    @property
    def determined(self) -> bool:
        """Whether every element's shift is determined."""
        return self.rank == len(self.shift)

    def of(self, atoms: Atoms) -> float:
        """The shift of a frame's total energy, eV; elements that were not fitted count 0."""
        return sum(self.shift.get(symbol, 0.0) for symbol in atoms.get_chemical_symbols())

    def removed_from(self, frames: Iterable[Atoms]) -> FrameSet:
        """Labeled frames with the shift taken out of their energies."""
        return FrameSet(Labels.of(frame).shifted(-self.of(frame)).attach(frame) for frame in frames)

    def as_json(self) -> dict[str, JSON]:
        """Plain data for a step's result."""
        more = {"source": self.source, "span": list(self.span), "note": self.note}
        plain = {"shift": dict(self.shift), "rank": self.rank, "residual": self.residual, "frames": self.frames}
        # A fit that determines every element says no more than it did in older stores.
        return plain | {name: value for name, value in more.items() if value not in ("fit", [], "")}


def _fractions(frames: Sequence[Atoms], elements: Sequence[str]) -> np.ndarray:
    """(n_frames, n_elements) atomic fractions."""
    import numpy as np

    symbols = [frame.get_chemical_symbols() for frame in frames]
    counts = np.array([[listed.count(element) for element in elements] for listed in symbols], dtype=float)
    return counts / np.array([len(listed) for listed in symbols], dtype=float)[:, None]


def _per_atom(frames: Sequence[Atoms], labels: Sequence[float], predictions: Sequence[float]) -> np.ndarray:
    """(n_frames,) label − prediction, eV/atom."""
    import numpy as np

    sizes = np.array([len(frame) for frame in frames], dtype=float)
    return (np.asarray(labels, dtype=float) - np.asarray(predictions, dtype=float)) / sizes
