"""Thermostats: what one step of heat exchange does to the momenta of one trajectory, with its own random numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from ase import units

from whet import degrees_of_freedom

if TYPE_CHECKING:
    from ase import Atoms

    from whet import Protocol

Thermostat = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""(n_atoms, 3) momenta, in ASE's units, before -> after a timestep in contact with the bath."""


def thermostat(atoms: Atoms, protocol: Protocol) -> Thermostat | None:
    """That of the protocol, for the masses and constraints (FixAtoms) of `atoms`; None in nve."""
    kinds = {"langevin": _langevin, "bussi": _bussi}
    return kinds[protocol.coupling](atoms, protocol) if protocol.coupling else None


def held(atoms: Atoms) -> np.ndarray:
    """(n_atoms,) Which atoms stay in place."""
    mask = np.zeros(len(atoms), dtype=bool)
    for constraint in atoms.constraints:
        mask[constraint.get_indices()] = True
    return mask


def _langevin(atoms: Atoms, protocol: Protocol) -> Thermostat:
    """The exact Ornstein-Uhlenbeck step: the O of BAOAB (Leimkuhler and Matthews 2013, doi 10.1093/amrx/abs010).

    The momentum of the center of mass is independent of the rest, so that removing it leaves the others canonical.
    """
    masses, decay = atoms.get_masses()[:, None], _decay(protocol)
    spread = np.sqrt((1 - decay**2) * units.kB * protocol.temperature * masses)
    settled = _settled(atoms)
    return lambda momenta, random: settled(decay * momenta + spread * random.standard_normal(momenta.shape))


def _bussi(atoms: Atoms, protocol: Protocol) -> Thermostat:
    """Stochastic velocity rescaling (Bussi, Donadio and Parrinello 2007, eq. A7, doi 10.1063/1.2408420)."""
    masses, decay = atoms.get_masses()[:, None], _decay(protocol)
    freedom = degrees_of_freedom(atoms)
    settled = _settled(atoms)

    def rescaled(momenta: np.ndarray, random: np.random.Generator) -> np.ndarray:
        momenta = settled(momenta)
        kinetic = float((momenta**2 / (2 * masses)).sum())
        if kinetic == 0:
            return momenta  # at rest there is nothing to rescale; the forces begin the motion
        along = random.standard_normal()
        others = 2 * random.standard_gamma((freedom - 1) / 2)
        share = (1 - decay) * units.kB * protocol.temperature / (2 * kinetic)
        factor = decay + share * (along**2 + others) + 2 * along * np.sqrt(decay * share)
        return momenta * np.sqrt(factor)

    return rescaled


def _decay(protocol: Protocol) -> float:
    return float(np.exp(-protocol.timestep / protocol.thermostat_time))


def _settled(atoms: Atoms) -> Callable[[np.ndarray], np.ndarray]:
    """Puts the center of mass to rest or, where atoms are held, those."""
    masses = atoms.get_masses()[:, None]
    total = masses.sum()
    free = ~held(atoms)[:, None]
    if free.all():
        return lambda momenta: momenta - masses * (momenta.sum(axis=0) / total)
    return lambda momenta: np.where(free, momenta, 0.0)
