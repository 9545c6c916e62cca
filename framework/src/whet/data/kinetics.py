"""Kinetic temperature of a frame with velocities."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ase import Atoms


def degrees_of_freedom(atoms: Atoms) -> int:
    """Of the velocities: three an atom, less those that constraints take, less the resting center of mass."""
    removed = sum(constraint.get_removed_dof(atoms) for constraint in atoms.constraints)
    return 3 * len(atoms) - (removed or 3)


def temperature(atoms: Atoms) -> float:
    """Kinetic temperature, K."""
    from ase import units

    return float(2 * atoms.get_kinetic_energy() / (degrees_of_freedom(atoms) * units.kB))
