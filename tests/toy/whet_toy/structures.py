"""Rattled face-centered cubic noble-gas crystals, and radial features."""

from __future__ import annotations

from pydantic import Field

from whet import Descriptor, Options, StructureSource


class ToyStructuresOptions(Options):
    """Options of the toy structures."""

    element: str = "Ar"
    """Chemical symbol."""
    repeat: int = Field(default=1, ge=1)
    """Unit cells along each axis (4 atoms each)."""
    rattle: float = Field(default=0.15, ge=0)
    """Standard deviation of the displacements, Å."""


class ToyStructures(StructureSource[ToyStructuresOptions]):
    """Rattled crystals."""

    name = "toy"

    def make(self, index, seed):
        import numpy as np
        from ase.build import bulk

        atoms = bulk(self.options.element, "fcc", a=4.6, cubic=True).repeat(self.options.repeat)
        rng = np.random.default_rng([seed, index])
        atoms.positions += rng.normal(scale=self.options.rattle, size=(len(atoms), 3)) if self.options.rattle else 0
        return atoms


class ToyDescriptor(Descriptor):
    """Histogram of neighbor distances."""

    name = "toy"

    def describe(self, frames, elements):
        import numpy as np
        from ase.neighborlist import neighbor_list

        centers = np.linspace(1.5, 5.0, 8)
        for frame in frames:
            first, distances = neighbor_list("id", frame, 5.5)
            rows = np.zeros((len(frame), len(centers)))
            np.add.at(rows, first, np.exp(-((distances[:, None] - centers) ** 2)))
            yield rows
