"""Dispersion: DFT-D3 of one functional, frames in, labels out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet import FrameError, Labels, boxed, units

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms
    from dftd3.interface import DampingParam, DispersionModel

LAST_ELEMENT = 103
"""Beyond it the library has no reference systems: it answers zero, or crashes."""


@dataclass(frozen=True)
class Dispersion:
    """DFT-D3 by simple-dftd3.

    Grimme et al., J. Chem. Phys. 132, 154104 (2010), and J. Comput. Chem. 32, 1456 (2011); the library: Ehlert,
    J. Open Source Softw. 9, 7169 (2024).

    damping: makes the parameters of one functional, which tell whether the three-body term is in. It is asked for each
    frame: what the library made must not live until the interpreter's end, where it would complain. Lengths in Å:
    cutoff, three_body_cutoff (of the sums over pairs and triples), smoothing (the width over which these go to zero),
    coordination_cutoff.
    """

    damping: Callable[[], DampingParam]
    cutoff: float
    smoothing: float
    three_body_cutoff: float
    coordination_cutoff: float

    def labels(self, atoms: Atoms) -> Labels:
        """Energy (eV), forces (n_atoms, 3) eV/Å and, of a frame periodic in all directions, stress (3, 3) eV/Å³.

        The elements must not be beyond LAST_ELEMENT. Raises FrameError where two atoms coincide.
        """
        from ase.units import Bohr

        found = self._asked(atoms, "get_dispersion", grad=True)
        stress = found["virial"] * (units.HARTREE / atoms.cell.volume) if atoms.pbc.all() else None
        return Labels(float(found["energy"]) * units.HARTREE, -found["gradient"] * (units.HARTREE / Bohr), stress)

    def energies(self, atoms: Atoms) -> np.ndarray:
        """The energy of each atom (n_atoms,), eV: half of its pairs and a third of its triples."""
        found = self._asked(atoms, "get_pairwise_dispersion")
        shares = found["additive pairwise energy"] + found["non-additive pairwise energy"]
        return shares.sum(axis=1) * units.HARTREE

    def _asked(self, atoms: Atoms, method: str, **arguments: bool) -> dict[str, np.ndarray]:
        try:
            return getattr(self._model(atoms), method)(self.damping(), **arguments)
        except RuntimeError as error:
            raise FrameError(f"DFT-D3: {error}", where=atoms.get_chemical_formula()) from None

    def _model(self, atoms: Atoms) -> DispersionModel:
        from ase.units import Bohr
        from dftd3.interface import DispersionModel

        if atoms.pbc.any():
            # simple-dftd3 1.7 wraps positions along open directions too, which tears slabs apart.
            reach = max(self.cutoff, self.three_body_cutoff, self.coordination_cutoff)
            atoms = boxed(atoms, reach / 2 + 0.5)
        lattice = (atoms.cell.array / Bohr, atoms.pbc) if atoms.pbc.any() else ()
        model = DispersionModel(atoms.numbers, atoms.positions / Bohr, *lattice)
        lengths = (self.cutoff, self.three_body_cutoff, self.coordination_cutoff, self.smoothing, self.smoothing)
        model.set_realspace_cutoff(*(length / Bohr for length in lengths))
        return model
