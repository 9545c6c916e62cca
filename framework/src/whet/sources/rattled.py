"""rattled: as many structures as are wanted out of one file: copies, each rattled and strained in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator, model_validator

from whet.contracts.options import Options
from whet.contracts.paths import FilePath
from whet.contracts.structures import RATTLED, StructureSource
from whet.data.errors import FrameError, InputError
from whet.sources.given import given_structures, repeated

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

DRAWS = 50
"""How often atoms that come too close are displaced anew before one strain is given up."""

STRAINS = 10
"""How often a strain is drawn anew before a structure is."""

Count = Annotated[int, Field(ge=1)]
Length = Annotated[float, Field(gt=0)]


class RattledOptions(Options):
    """Which file, how large the cell, how far atoms are moved and the cell is strained, what is too close."""

    file: FilePath = Field(min_length=1)
    """A file, or a folder, of structures (CIF, POSCAR, extended XYZ, …). Of several each is copied in turn."""
    repeat: tuple[Count, Count, Count] = (1, 1, 1)
    """Copies of the cell along its three vectors."""
    displacement: float = Field(default=0.05, ge=0)
    """Å; standard deviation of each atom's displacement along x, y and z."""
    strain: float | None = Field(default=None, gt=0, le=0.15)
    """Standard deviation of each of the six components of the strain, as a share (0.02 is 2 %); by default the cell
    stays. Only periodic directions are strained; atoms go with the cell before they are displaced."""
    min_distance: Length | dict[str, Length] | None = None
    """Å; no two atoms are closer, periodic images included: what comes too close is drawn again. One length for all, or
    one for each pair of elements that matters: `{H-O: 0.8, O-O: 2.0}`. By default any distance is allowed."""

    @field_validator("min_distance")
    @classmethod
    def _of_elements(cls, given: float | dict[str, float] | None) -> float | dict[str, float] | None:
        from ase.data import atomic_numbers

        for pair in given if isinstance(given, dict) else ():
            if len(named := pair.split("-")) != 2 or not all(atomic_numbers.get(symbol) for symbol in named):
                raise ValueError(f"{pair!r} is no pair of elements; write H-O")
        return given

    @model_validator(mode="after")
    def _moves_something(self) -> RattledOptions:
        if self.displacement == 0 and self.strain is None:
            raise ValueError("with a `displacement` of 0 and no `strain` every copy is the same structure")
        return self


class RattledSource(StructureSource[RattledOptions]):
    """Copies of the structures of a file, atoms displaced and the cell strained at random, whatever their energy.

    Displacements and the six components of the strain are normal and independent of each other; the center of mass
    stays where it was. No energy is asked, so that the slope of a potential's forces on these frames is a ratio of
    curvatures: each says so (`sampled_by: rattle` in its info), and that it stands alone (`group`). Dynamics from such
    copies are independent of each other once they are equilibrated; other phases, compositions and defects than those
    of the file are not among them.
    """

    name = "rattled"
    unpickles = False
    takes_folders = True

    @classmethod
    def find_files(cls, options: RattledOptions) -> Mapping[str, Path]:
        """The file."""
        return {"structures": Path(options.file)}

    def make(self, index: int, seed: int) -> Atoms:
        """Number `index`.

        InputError where the cell is to be repeated or strained along a direction that is not periodic, FrameError where
        no draw keeps atoms as far apart as they have to be.
        """
        import numpy as np

        options, random = self.options, np.random.default_rng([seed, index])
        place = index % len(self._given)
        atoms = repeated(self._given[place], options.repeat, place, self.files["structures"])
        atoms.info.pop("spacegroup", None)  # of the file; a copy has no symmetry
        atoms.info |= {"sampled_by": RATTLED, "group": f"rattled-{seed}-{index}"}
        masses, closest = atoms.get_masses()[:, None], ""
        for _ in range(1 if options.strain is None else STRAINS):
            strained = self._strained(atoms, random, place)
            moved = random.normal(scale=options.displacement, size=(len(atoms), 3))
            for _ in range(DRAWS if options.displacement else 1):
                made = strained.copy()
                made.positions += moved - (masses * moved).sum(axis=0) / masses.sum()
                wrong, closest = self._too_close(made)
                if not len(wrong):
                    return made
                moved[wrong] = random.normal(scale=options.displacement, size=(len(wrong), 3))
        what = f"no draw keeps the atoms of structure {place + 1} apart as `min_distance` says: {closest}"
        way_out = "Lower `displacement`" if options.strain is None else "Lower `displacement` and `strain`"
        raise FrameError(what, where=str(self.files["structures"]), hint=f"{way_out}, or `min_distance`")

    @cached_property
    def _given(self) -> list[Atoms]:
        return given_structures(self.files["structures"])

    def _strained(self, atoms: Atoms, random: np.random.Generator, place: int) -> Atoms:
        """A copy under a symmetric strain, which leaves directions without periodicity as they are."""
        import numpy as np

        if self.options.strain is None:
            return atoms
        if not atoms.pbc.any():
            what = f"`strain` of structure {place + 1}, which is periodic in no direction"
            raise InputError(what, where=str(self.files["structures"]), hint="Leave `strain` out")
        strain = np.zeros((3, 3))
        upper = np.triu_indices(3)
        strain[upper] = strain.T[upper] = random.normal(scale=self.options.strain, size=6)
        if not atoms.pbc.all():
            plane, _ = np.linalg.qr(atoms.cell.array[atoms.pbc].T)
            strain = plane @ (plane.T @ strain @ plane) @ plane.T
        made = atoms.copy()
        made.cell = atoms.cell.array @ (np.eye(3) + strain)
        made.positions = atoms.positions @ (np.eye(3) + strain)
        return made

    def _too_close(self, atoms: Atoms) -> tuple[np.ndarray, str]:
        """Indices of the atoms that are too close to another, and the worst of them in words."""
        import numpy as np
        from ase.neighborlist import neighbor_list

        asked = self.options.min_distance
        if asked is None:
            return np.zeros(0, dtype=int), ""
        cutoff = {tuple(pair.split("-")): far for pair, far in asked.items()} if isinstance(asked, dict) else asked
        first, second, distances = neighbor_list("ijd", atoms, cutoff)
        if not len(first):
            return first, ""
        worst = int(np.argmin(distances))
        pair = " and ".join(sorted(str(atoms.symbols[one]) for one in (first[worst], second[worst])))
        return np.unique(first), f"{pair} come as close as {distances[worst]:.2f} Å"
