"""write_data_file: a structure with velocities as LAMMPS reads it, every float exactly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase import units

if TYPE_CHECKING:
    from ase import Atoms

    from whet_lammps.orientation import Orientation

ANGSTROM_PER_PS = 1000 * units.fs
"""A velocity in ASE's units times this is in Å/ps."""


class Types:
    """LAMMPS's atom types: one for each element and mass. of: (n_atoms,) from 1. symbols, masses: one a type."""

    def __init__(self, atoms: Atoms) -> None:
        kinds = list(zip(atoms.get_chemical_symbols(), atoms.get_masses().tolist(), strict=True))
        known = sorted(set(kinds))
        self.of = [known.index(kind) + 1 for kind in kinds]
        self.symbols = [symbol for symbol, _ in known]
        self.masses = [mass for _, mass in known]


def write_data_file(
    path: Path, atoms: Atoms, momenta: np.ndarray, oriented: Orientation, types: Types, *, can_tilt: bool
) -> None:
    """Positions, cell, masses and velocities in LAMMPS's units `metal`; momenta (n_atoms, 3) in ASE's.

    can_tilt: whether the cell's angles are to change later, whatever they are now.
    """
    positions = oriented.vectors(atoms.positions)
    velocities = oriented.vectors(momenta / atoms.get_masses()[:, None]) * ANGSTROM_PER_PS
    (xx, _, _), (xy, yy, _), (xz, yz, zz) = oriented.box.tolist()
    low = oriented.origin.tolist()
    high = [low[0] + xx, low[1] + yy, low[2] + zz]
    lines = [f"{atoms.get_chemical_formula()}, written by Whet", "", f"{len(atoms)} atoms"]
    lines += [f"{len(types.symbols)} atom types", ""]
    lines += [f"{low[axis]!r} {high[axis]!r} {name}lo {name}hi" for axis, name in enumerate("xyz")]
    if can_tilt or xy or xz or yz:
        lines.append(f"{xy!r} {xz!r} {yz!r} xy xz yz")
    lines += ["", "Masses", ""]
    lines += [f"{place} {mass!r}  # {types.symbols[place - 1]}" for place, mass in enumerate(types.masses, 1)]
    lines += ["", "Atoms  # atomic", ""]
    lines += [
        f"{place} {kind} {_row(row)}" for place, (kind, row) in enumerate(zip(types.of, positions, strict=True), 1)
    ]
    lines += ["", "Velocities", ""]
    lines += [f"{place} {_row(row)}" for place, row in enumerate(velocities, 1)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _row(numbers: np.ndarray) -> str:
    return " ".join(map(repr, numbers.tolist()))
