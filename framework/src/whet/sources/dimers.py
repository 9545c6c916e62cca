"""dimers: two atoms at many distances: what a potential makes of atoms that come very close."""

from __future__ import annotations

from functools import cached_property
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

from pydantic import Field, field_validator, model_validator

from whet.contracts.options import Options
from whet.contracts.structures import StructureSource, dimer
from whet.sources.bonding import check_elements
from whet.sources.given import check_index
from whet.sources.grid import Grid, Numbers, numbers_of

if TYPE_CHECKING:
    from ase import Atoms

BY_DEFAULT = Grid(first=0.3, last=1.5, points=25)
"""Distances in sums of covalent radii: from deep in the repulsion to a stretched bond."""


class DimersOptions(Options):
    """Of which elements, and how far apart."""

    elements: tuple[str, ...] = Field(min_length=1)
    """Chemical symbols; every pair of them is made, equal ones too."""
    distances: Numbers | None = None
    """Å; a list, or `{first: 0.5, last: 4.0, points: 36}`. Either these or `radii`."""
    radii: Numbers | None = None
    """Distances in sums of the two covalent radii, in the same way; by default 0.3, 0.35, …, 1.5."""
    vacuum: float = Field(default=12.0, gt=0)
    """Å; the cell is longer by so much than the dimer, along each axis. It is open."""

    @field_validator("elements")
    @classmethod
    def _elements(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        check_elements(given)
        return given

    @model_validator(mode="after")
    def _one_range(self) -> DimersOptions:
        if self.distances is not None and self.radii is not None:
            raise ValueError("give either `distances` (Å) or `radii` (sums of covalent radii)")
        return self


class DimersSource(StructureSource[DimersOptions]):
    """Two atoms of every pair of the given elements at every distance.

    They teach, or test, the repulsion at short distances, which no dynamics at ordinary temperatures visits. The info
    has `pair`, `distance` (Å), `config_type: dimer`, and the pair as its `group`. Its multiplicity is the labeler's.
    """

    name = "dimers"
    unpickles = False

    @property
    def count(self) -> int:
        """Pairs times distances."""
        return len(self._made)

    def make(self, index: int, seed: int) -> Atoms:
        """Number `index`: all distances of the first pair, then those of the next. The seed moves nothing."""
        check_index(index, self.count)
        first, second, distance = self._made[index]
        made = dimer(first, second, distance, self.options.vacuum)
        made.info |= {"config_type": "dimer", "group": made.info["pair"]}
        return made

    @cached_property
    def _made(self) -> list[tuple[str, str, float]]:
        from ase.data import atomic_numbers, covalent_radii

        options, found = self.options, []
        for first, second in combinations_with_replacement(dict.fromkeys(options.elements), 2):
            bond = float(covalent_radii[atomic_numbers[first]] + covalent_radii[atomic_numbers[second]])
            given = options.distances or options.radii or BY_DEFAULT
            unit = 1.0 if options.distances is not None else bond
            found += [(first, second, unit * one) for one in numbers_of(given)]
        return found
