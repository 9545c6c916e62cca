"""PackmolSource: molecular liquids, packed at random into a periodic box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, model_validator

from whet import InputError, NameOrPath, Options, StructureSource
from whet_packmol.molecules import is_path, known_molecule, load_molecule
from whet_packmol.references import PACKMOL

if TYPE_CHECKING:
    from ase import Atoms

PRECISION = 0.01
"""Å; by how much Packmol may miss the tolerance (its own default)."""

Length = Annotated[float, Field(gt=0)]


class PackmolOptions(Options):
    """What is in the box, and how large it is."""

    molecules: dict[NameOrPath, Annotated[int, Field(ge=1)]] = Field(min_length=1)
    """Name -> how many. A name is a common one (`water`, `formic-acid`), one of ASE's g2 set (`CH3OH`), or the path
    of a file with one molecule."""
    density: float | None = Field(default=None, gt=0)
    """g/cm³; the box is a cube of that density. Either this or `box`."""
    box: Length | tuple[Length, Length, Length] | None = None
    """Å; edge of a cube, or the three edges of a right-angled box."""
    tolerance: float = Field(default=2.0, gt=0)
    """Å; smallest distance between atoms of different molecules, periodic images included."""
    loops: int = Field(default=50, ge=1)
    """Attempts of Packmol's optimizer for each kind of molecule before it gives up."""

    @model_validator(mode="after")
    def _one_size(self) -> PackmolOptions:
        if (self.density is None) == (self.box is None):
            raise ValueError("give either `density` (g/cm³) or `box` (Å)")
        return self


class PackmolSource(StructureSource[PackmolOptions]):
    """Molecules at random places and in random directions in a periodic box, by Packmol.

    Martínez, Andrade, Birgin and Martínez, J. Comput. Chem. 30, 2157 (2009). Molecules keep their shape and are whole
    (not wrapped); they stand one after the other, sorted by name. The result is packed, not relaxed.
    """

    name = "packmol"
    title = "Packmol"
    unpickles = False
    packages: ClassVar[Mapping[str, str]] = {"packmol": "packmol>=21.1"}

    @classmethod
    def references(cls, options: PackmolOptions) -> Sequence[str]:
        return (PACKMOL,)

    @classmethod
    def find_files(cls, options: PackmolOptions) -> Mapping[str, Path]:
        """Molecules that are given by path, by the file's name. Raises UnknownName for a name that is no molecule's.

        InputError where two files have one name.
        """
        paths = [Path(name) for name in options.molecules if is_path(name)]
        for name in options.molecules:
            if not is_path(name):
                known_molecule(name)
        found = {path.name: path for path in paths}
        if len(found) < len(paths):
            raise InputError("two molecules' files have the same name", hint="Rename one of them")
        return found

    def make(self, index: int, seed: int) -> Atoms:
        """As the contract says. InputError where the molecules do not fit into the box."""
        import numpy as np

        from whet_packmol.packing import Pack, closest

        options = self.options
        # Sorted: the order of a mapping is not part of a component's identity.
        counts = {name: options.molecules[name] for name in sorted(options.molecules)}
        molecules = {name: load_molecule(name, self.files) for name in counts}
        edges = self._edges(sum(counts[name] * molecules[name].get_masses().sum() for name in counts))
        packmol_seed = int(np.random.SeedSequence([seed, index]).generate_state(1)[0]) % 1_000_000_000 + 1
        pack = Pack([(molecules[name], count) for name, count in counts.items()], edges)
        packed = pack.run(tolerance=options.tolerance, loops=options.loops, seed=packmol_seed)
        # Packmol does not see a molecule that is longer than the box touch its own image.
        apart = closest(packed, pack.owners, options.tolerance)
        if apart < options.tolerance - 2 * PRECISION:
            raise InputError(
                f"packed molecules come as close as {apart:.2f} Å (tolerance {options.tolerance:g} Å)",
                hint="The box is too small for them: lower the density, or pack more molecules",
            )
        return packed

    def _edges(self, mass: float) -> tuple[float, float, float]:
        """Edges of the box in Å, for a mass in u."""
        from ase.units import kg

        options = self.options
        if options.density is not None:
            edge = (mass / (options.density * 1e-3 * kg / 1e24)) ** (1 / 3)
            return (edge, edge, edge)
        assert options.box is not None  # one of the two is given
        return options.box if isinstance(options.box, tuple) else (options.box, options.box, options.box)
