"""isolated: the molecules of a structure and the atoms of its elements, each alone in a cell."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from whet.contracts.paths import FilePath
from whet.contracts.structures import StructureSource
from whet.data.errors import FrameError
from whet.sources.bonding import Bonding
from whet.sources.given import check_index, distinct, given_structures

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


class IsolatedOptions(Bonding):
    """Whose molecules, and how far away their images would be."""

    file: FilePath = Field(min_length=1)
    """A file, or a folder, of structures (CIF, POSCAR, extended XYZ, …)."""
    vacuum: float = Field(default=12.0, gt=0)
    """Å; the cell is longer by so much than what is in it, along each axis."""
    periodic: bool = False
    """Whether the cell is periodic, for codes that know nothing else; by default it is open, as for isolated atoms."""
    molecules: bool = True
    """Whether molecules are wanted."""
    atoms: bool = True
    """Whether single atoms of each element are wanted, after the molecules."""
    one_of_each: bool = False
    """Of molecules with the same atoms and the same kinds of bonds, only the first."""


class IsolatedSource(StructureSource[IsolatedOptions]):
    """Each molecule of the structures of a file alone, as it is there, and one atom of each element.

    Molecules fix the baseline of the energy between compositions (Niblett et al.), atoms the reference energies. A
    molecule is what bonds hold together; atoms of a network that goes on through the boundaries are in none. The info
    has `config_type` (IsolatedMolecule, IsolatedAtom). A molecule has the charge of its atoms (`initial_charges`), and
    is neutral where they have none; an atom is in its ground state.
    """

    name = "isolated"
    title = "isolated molecules and atoms"
    unpickles = False
    takes_folders = True

    @classmethod
    def find_files(cls, options: IsolatedOptions) -> Mapping[str, Path]:
        """The file."""
        return {"structures": Path(options.file)}

    @property
    def count(self) -> int:
        """Molecules, and elements."""
        return len(self._made)

    def make(self, index: int, seed: int) -> Atoms:
        """Number `index`: the molecules in the order of their first atoms, then the elements. The seed moves nothing.

        FrameError where there is neither, or a structure has a charge and nobody says which of its atoms have it.
        """
        if not self._made:
            hint = "Set `atoms: true`, or name ions without bonds (`unbonded`)"
            raise FrameError("there is no molecule in it", where=str(self.files["structures"]), hint=hint)
        check_index(index, self.count)
        return self._made[index].copy()

    @cached_property
    def _made(self) -> list[Atoms]:
        from whet.contracts.labeling import isolated_atom

        given, options = given_structures(self.files["structures"]), self.options
        found: dict[str, Atoms] = {}
        if options.molecules:
            for place, frame in enumerate(given):
                for number, (kind, molecule) in enumerate(self._molecules(frame, place)):
                    found.setdefault(kind if options.one_of_each else f"{place} {number}", molecule)
        elements = sorted({str(symbol) for frame in given for symbol in frame.symbols}) if options.atoms else []
        lone = [isolated_atom(symbol, options.vacuum) for symbol in elements]
        for atom in lone:
            atom.pbc, atom.info["config_type"] = options.periodic, "IsolatedAtom"
        return distinct([*found.values(), *lone])

    def _molecules(self, frame: Atoms, place: int) -> list[tuple[str, Atoms]]:
        """Each molecule of several atoms, and what kind it is of."""
        import numpy as np

        from whet.data.frame_identity import total_charge
        from whet.data.molecules import Molecules
        from whet.data.topology import BondTopology

        charges = frame.get_initial_charges()
        if total_charge(frame) and not charges.any():
            what = f"structure {place + 1} has a charge, and nobody says which of its atoms have it"
            raise FrameError(what, where=str(self.files["structures"]), hint="Give its atoms initial charges")
        molecules = Molecules.of(frame, self.options.multiplier, self.options.unbonded)
        found = []
        for members in molecules.members:
            if len(members) > 1:
                bonds = BondTopology.joining(frame, molecules.bonds[np.isin(molecules.bonds[:, 0], members)])
                kind = " ".join([frame[members].get_chemical_formula(), *sorted(bonds.kinds)])
                charge = round(float(charges[members].sum())) if charges.any() else None
                found.append((kind, self._alone(frame[members], molecules.positions[members], charge)))
        return found

    def _alone(self, molecule: Atoms, positions: np.ndarray, charge: int | None) -> Atoms:
        """The molecule in the middle of a cell of its own. positions: (n_atoms, 3) Å, in one piece."""
        import numpy as np

        low = positions.min(axis=0)
        # Edges differ, so that no symmetry of the cell keeps orbitals from filling.
        edges = np.ptp(positions, axis=0) + self.options.vacuum + np.array([0.0, 0.5, 1.0])
        molecule.positions = positions - low + (edges - np.ptp(positions, axis=0)) / 2
        molecule.cell, molecule.pbc = np.diag(edges), self.options.periodic
        molecule.info = {"config_type": "IsolatedMolecule"} | ({} if charge is None else {"charge": charge})
        return molecule
