"""Initial velocities: the same for every engine, so that the same seed starts the same run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

    from whet.contracts.protocol import Protocol


def initial_momenta(start: Atoms, protocol: Protocol, random: np.random.Generator) -> np.ndarray:
    """(n_atoms, 3) in ASE's units: Maxwell-Boltzmann at the protocol's temperature, or the start's own.

    The center of mass is brought to rest, unless constraints hold atoms in place; constraints hold from the beginning.
    Raises InputError where the start has no velocities to begin with, or is periodic and is not to turn.
    """
    import numpy as np
    from ase import units
    from ase.md.velocitydistribution import ZeroRotation

    moving = start.copy()
    masses = moving.get_masses()[:, None]
    if protocol.velocities == "start":
        if not start.has("momenta"):
            raise InputError("the starting structure has no velocities", hint="Leave out `velocities: start`")
    else:
        spread = np.sqrt(masses * units.kB * protocol.temperature)
        moving.set_momenta(random.standard_normal((len(start), 3)) * spread)
    if not start.constraints:
        momenta = moving.get_momenta()
        moving.set_momenta(momenta - masses * (momenta.sum(axis=0) / masses.sum()))
    if protocol.rotation == "zero" and protocol.velocities == "drawn":
        if start.pbc.any() or start.constraints:
            raise InputError("`rotation: zero` is for structures without periodic boundaries and constraints")
        ZeroRotation(moving, preserve_temperature=False)
    return moving.get_momenta()
