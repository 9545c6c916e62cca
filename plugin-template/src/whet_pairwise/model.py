"""PairModel: the model itself, which knows nothing of Whet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


@dataclass(frozen=True)
class PairModel:
    """E = Σ over pairs Σ over k of c_k(elements) · exp(−((r − r_k)/w)²) · (1 − (r/r_c)²)³.

    elements: chemical symbols. cutoff: r_c, Å. centers: r_k, Å. width: w, Å. coefficients: eV, one row for each pair
    of elements (`pairs`), one column for each center.
    """

    elements: tuple[str, ...]
    cutoff: float
    centers: tuple[float, ...]
    width: float
    coefficients: np.ndarray

    @classmethod
    def read(cls, path: Path) -> Self:
        """The model of a file that `write` wrote. Raises ValueError or KeyError for any other."""
        import numpy as np

        saved = json.loads(path.read_text(encoding="utf-8"))
        coefficients = np.array(saved["coefficients"], dtype=float)
        model = cls(tuple(saved["elements"]), saved["cutoff"], tuple(saved["centers"]), saved["width"], coefficients)
        if coefficients.shape != (len(model.pairs), len(model.centers)):
            raise ValueError(f"{coefficients.shape} coefficients for {len(model.pairs)} pairs of elements")
        return model

    def write(self, path: Path) -> None:
        """Writes a file; floats survive to the last bit."""
        saved = {**vars(self), "coefficients": self.coefficients.tolist()}
        path.write_text(json.dumps(saved), encoding="utf-8")

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Pairs of elements, in the order of the rows."""
        return list(combinations_with_replacement(self.elements, 2))

    def neighbors(self, atoms: Atoms) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Pairs within the cutoff, each from either end: the two atoms, the vector between them and its length, Å."""
        from ase.neighborlist import neighbor_list

        return neighbor_list("ijDd", atoms, self.cutoff)

    def features(self, atoms: Atoms) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What the coefficients multiply, flattened to m numbers: of the energy, the forces and volume × stress.

        Shapes: (m,), (n_atoms, 3, m), (3, 3, m).
        """
        import numpy as np

        first, second, vectors, distances = self.neighbors(atoms)
        symbols = atoms.get_chemical_symbols()
        row = {pair: number for number, pair in enumerate(self.pairs)} | {
            pair[::-1]: number for number, pair in enumerate(self.pairs)
        }
        rows = np.array([row[symbols[i], symbols[j]] for i, j in zip(first, second, strict=True)], dtype=int)
        offsets = distances[:, None] - np.array(self.centers)
        bump = np.exp(-((offsets / self.width) ** 2))
        inside = 1 - (distances / self.cutoff) ** 2
        value = bump * (inside**3)[:, None]
        slope = -2 * offsets / self.width**2 * value - bump * (6 * distances / self.cutoff**2 * inside**2)[:, None]
        pull = slope[:, None, :] * (vectors / distances[:, None])[:, :, None]
        # Every pair comes twice, from either end; half of each belongs to the energy and to the stress.
        shape = (len(self.pairs), len(self.centers))
        energy = np.zeros(shape)
        np.add.at(energy, rows, value / 2)
        forces = np.zeros((len(atoms), 3, *shape))
        np.add.at(forces.transpose(0, 2, 1, 3), (first, rows), pull)
        virial = np.zeros((3, 3, *shape))
        np.add.at(virial.transpose(2, 0, 1, 3), rows, np.einsum("pak,pb->pabk", pull, vectors) / 2)
        virial = (virial + virial.transpose(1, 0, 2, 3)) / 2  # symmetric but for rounding
        return energy.ravel(), forces.reshape(len(atoms), 3, -1), virial.reshape(3, 3, -1)
