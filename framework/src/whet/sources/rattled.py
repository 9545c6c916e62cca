"""rattled: as many starting structures as are wanted out of one file: copies, each rattled in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from whet.contracts.options import Options
from whet.contracts.paths import FilePath
from whet.contracts.structures import StructureSource
from whet.data.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

Count = Annotated[int, Field(ge=1)]


class RattledOptions(Options):
    """Which file, how large the cell, how far atoms are moved."""

    file: FilePath = Field(min_length=1)
    """A file of structures (CIF, POSCAR, extended XYZ, …). Of several each is copied in turn."""
    repeat: tuple[Count, Count, Count] = (1, 1, 1)
    """Copies of the cell along its three vectors."""
    displacement: float = Field(default=0.05, gt=0)
    """Å; standard deviation of each atom's displacement along x, y and z."""


class RattledSource(StructureSource[RattledOptions]):
    """Copies of the structures of a file, each with atoms displaced at random, the center of mass where it was.

    Dynamics from such copies are independent of each other once they are equilibrated; other phases, compositions and
    defects than the file has are not among them.
    """

    name = "rattled"
    unpickles = False

    @classmethod
    def find_files(cls, options: RattledOptions) -> Mapping[str, Path]:
        """The file."""
        return {"structures": Path(options.file)}

    def make(self, index: int, seed: int) -> Atoms:
        """Number `index`. InputError where the cell is to be repeated along a direction that is not periodic."""
        import numpy as np

        from whet.data.labels import without_labels
        from whet.plugins.frame_files import read_structures

        path, repeat = self.files["structures"], self.options.repeat
        frames = read_structures(path)
        place = index % len(frames)
        if any(count > 1 and not periodic for count, periodic in zip(repeat, frames[place].pbc, strict=True)):
            what = f"repeat {list(repeat)} along a direction in which structure {place + 1} is not periodic"
            raise InputError(what, where=str(path), hint="Give 1 there")
        atoms = without_labels(frames[place]).repeat(repeat)
        atoms.set_constraint()
        moved = np.random.default_rng([seed, index]).normal(scale=self.options.displacement, size=(len(atoms), 3))
        masses = atoms.get_masses()[:, None]
        atoms.positions += moved - (masses * moved).sum(axis=0) / masses.sum()
        return atoms
