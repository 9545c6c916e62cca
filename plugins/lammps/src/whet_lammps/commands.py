"""The words of a protocol as LAMMPS's commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

    from whet import Protocol
    from whet_lammps.orientation import Orientation

COUPLED = {"isotropic": "iso", "anisotropic": "aniso", "full": "tri"}


def preparation(atoms: Atoms) -> Iterator[str]:
    """What comes before the structure."""
    yield "units metal"
    yield "atom_style atomic"
    yield "atom_modify map array sort 0 0"
    yield "boundary " + " ".join("p" if periodic else "m" for periodic in atoms.pbc)
    yield "box tilt large"


def groups(atoms: Atoms) -> Iterator[str]:
    """The group `mobile`, where constraints hold some atoms in place."""
    if held := held_atoms(atoms):
        yield "group held id " + " ".join(str(atom + 1) for atom in held)
        yield "group mobile subtract all held"


def integration(atoms: Atoms, oriented: Orientation, protocol: Protocol, seed: int) -> Iterator[str]:
    """Time step, integrator, thermostat, barostat and what holds atoms in place."""
    held = bool(held_atoms(atoms))
    group = "mobile" if held else "all"
    temperature = f"{protocol.temperature!r} {protocol.temperature!r} {protocol.thermostat_time / 1000!r}"
    yield f"timestep {protocol.timestep / 1000!r}"
    coupling = protocol.coupling
    if protocol.ensemble == "npt":
        word = COUPLED[protocol.barostat or "isotropic"]
        pressure = f"{word} {protocol.pressure!r} {protocol.pressure!r} {protocol.barostat_time / 1000!r}"
        center = " ".join(repr(value) for value in (oriented.origin + np.diag(oriented.box) / 2).tolist())
        # A box that flips moves atoms by lattice vectors: diffusion could not be followed through it. The point that
        # does not move is by default the center of the box as it is now: after a restart not the one at the start.
        yield f"fix integrate {group} npt temp {temperature} {pressure} flip no fixedpoint {center}"
    elif coupling == "nose-hoover":
        yield f"fix integrate {group} nvt temp {temperature}"
    else:
        yield f"fix integrate {group} nve"
    if coupling == "langevin":
        yield f"fix thermostat {group} langevin {temperature} {seed}"
        if not held:
            # The noise pushes the center of mass; at rest, 3N - 3 degrees of freedom have the temperature.
            yield "fix rest all momentum 1 linear 1 1 1"
    elif coupling == "bussi":
        yield f"fix thermostat {group} temp/csvr {temperature} {seed}"
    if held:
        yield "fix hold held setforce 0.0 0.0 0.0"
        for name in ("integrate_temp",) if coupling == "nose-hoover" else ():
            yield f"compute_modify {name} extra/dof 0"
        if coupling == "bussi":
            yield "compute_modify thermostat_temp extra/dof 0"


def held_atoms(atoms: Atoms) -> list[int]:
    """Indices of atoms that FixAtoms holds."""
    found = [np.asarray(one.get_indices()) for one in atoms.constraints if type(one).__name__ == "FixAtoms"]
    return sorted(set(np.concatenate(found).tolist())) if found else []
