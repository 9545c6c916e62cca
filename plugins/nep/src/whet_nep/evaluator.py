"""Evaluator: calorine's NEP on the CPU, each model parsed once for a number of atoms."""

from __future__ import annotations

import io
from collections import OrderedDict
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet import InputError

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

KEPT = 32
"""Numbers of atoms for which a parsed model is kept: NEP89 takes 6 MB and half a second each."""


class Evaluator:
    """Energy, forces and virial of fully periodic frames.

    The C++ object is bound to the number of atoms that it was made for, and parses the file when it is made.
    calorine's own calculator reads the file once more in Python and copies the structure at every step; the object
    below it is asked directly.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parsed: OrderedDict[int, Any] = OrderedDict()

    def __call__(self, atoms: Atoms) -> tuple[float, np.ndarray, np.ndarray]:
        """Energy (eV), forces (n_atoms, 3) in eV/Å and virial (3, 3) in eV, −V times the stress.

        Raises InputError for a file that calorine does not read.
        """
        import numpy as np

        nep = self._of(atoms)
        energies, forces, virials = nep.get_potential_forces_and_virials()
        # Flat lists, all atoms' x first; the virials' nine components run row by row.
        return (
            float(np.sum(energies)),
            np.reshape(forces, (3, len(atoms))).T,
            np.reshape(virials, (3, 3, len(atoms))).sum(axis=2),
        )

    def _of(self, atoms: Atoms) -> Any:
        """The parsed model with this structure in it."""
        symbols, cell, positions = atoms.get_chemical_symbols(), atoms.cell.array.T.ravel(), atoms.positions.T.ravel()
        nep = self._parsed.pop(len(atoms), None)
        if nep is None:
            nep = self._parse(symbols, cell.tolist(), positions.tolist())
        else:
            nep.set_symbols(symbols)
            nep.set_cell(cell.tolist())
            nep.set_positions(positions.tolist())
        self._parsed[len(atoms)] = nep
        if len(self._parsed) > KEPT:
            self._parsed.popitem(last=False)
        return nep

    def _parse(self, symbols: list[str], cell: list[float], positions: list[float]) -> Any:
        from _nepy import NEPY  # calorine's extension; it lies beside the package, not in it

        try:
            # pybind11 sends what the constructor prints to sys.stdout, so this catches all of it.
            with redirect_stdout(io.StringIO()):
                # Masses enter dipole gradients only.
                return NEPY(str(self.path), len(symbols), cell, symbols, positions, [1.0] * len(symbols))
        except RuntimeError as error:
            raise InputError(f"calorine does not read this model ({error})", where=str(self.path)) from error
