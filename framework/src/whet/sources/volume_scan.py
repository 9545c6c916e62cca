"""volume-scan: structures at other volumes: molecules move apart or together, and keep their shape."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from whet.contracts.paths import FilePath
from whet.contracts.structures import StructureSource
from whet.data.errors import InputError
from whet.sources.bonding import Bonding
from whet.sources.given import check_index, distinct, given_structures
from whet.sources.grid import Numbers, numbers_of

if TYPE_CHECKING:
    from ase import Atoms


class VolumeScanOptions(Bonding):
    """Which structures, at which volumes, and what is a molecule."""

    file: FilePath = Field(min_length=1)
    """A file, or a folder, of crystals or liquids (CIF, POSCAR, extended XYZ, …)."""
    volumes: Numbers | None = None
    """Volumes as shares of the structure's own: a list, or `{first: 0.8, last: 1.2, points: 9}`. Either these or
    `lengths`."""
    lengths: Numbers | None = None
    """Lengths of the cell's edges as shares of the structure's own, in the same way."""
    rigid: bool = True
    """Whether molecules keep their shape and only their centers of mass move with the cell; else every atom does."""

    @model_validator(mode="after")
    def _one_scale(self) -> VolumeScanOptions:
        if (self.volumes is None) == (self.lengths is None):
            raise ValueError("give either `volumes` or `lengths`, as shares of the structure's own (0.9 is 90 %)")
        return self


class VolumeScanSource(StructureSource[VolumeScanOptions]):
    """Each structure of a file at each volume: the cell scaled evenly, molecules rigid.

    Centers of mass scale with the cell, and the atoms of a molecule keep their places about them, as Niblett et al.
    scan volumes of liquids. A molecule is what bonds hold together in the given structure; atoms of a network that goes
    on through the boundaries (a metal, a salt), and those without bonds, scale with the cell. The info has
    `volume_factor`, and `group` for the structure. Nobody's dynamics sampled these frames.
    """

    name = "volume-scan"
    title = "volume scan"
    unpickles = False
    takes_folders = True

    @classmethod
    def find_files(cls, options: VolumeScanOptions) -> Mapping[str, Path]:
        """The file."""
        return {"structures": Path(options.file)}

    @property
    def count(self) -> int:
        """Structures times volumes."""
        return len(self._given) * len(self._edges)

    def make(self, index: int, seed: int) -> Atoms:
        """Number `index`: all volumes of the first structure, then those of the second. The seed moves nothing.

        InputError where the structure is not periodic in all directions, or the index is none.
        """
        import numpy as np

        from whet.data.molecules import Molecules

        check_index(index, self.count)
        place, number = divmod(index, len(self._edges))
        given, edge = self._given[place], self._edges[number]
        if not given.pbc.all():
            what = f"structure {place + 1} is not periodic in all three directions: it has no volume to scan"
            raise InputError(what, where=str(self.files["structures"]))
        made = given.copy()
        made.cell = edge * given.cell.array
        made.positions = edge * given.positions
        if self.options.rigid:
            molecules = Molecules.of(given, self.options.multiplier, self.options.unbonded)
            for atoms in molecules.members:
                whole, masses = molecules.positions[atoms], given.get_masses()[atoms, None]
                center = (masses * whole).sum(axis=0) / masses.sum()
                made.positions[atoms] = edge * center + (whole - center)
        made.info |= {"volume_factor": float(np.round(edge**3, 12)), "group": f"volume-scan-{place}"}
        return made

    @cached_property
    def _given(self) -> list[Atoms]:
        return distinct(given_structures(self.files["structures"]))

    @cached_property
    def _edges(self) -> list[float]:
        options = self.options
        if options.lengths is not None:
            return numbers_of(options.lengths)
        assert options.volumes is not None  # one of the two is given
        return [volume ** (1 / 3) for volume in numbers_of(options.volumes)]
