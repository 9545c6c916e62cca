"""ASE's integrators with the words of a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ase import units
from ase.constraints import FixCom
from ase.md.bussi import Bussi
from ase.md.langevin import Langevin
from ase.md.nose_hoover_chain import (
    MTKNPT,
    IsotropicMTKNPT,
    MaskedMTKNPT,
    NoseHooverChainNVT,
    NoseHooverChainThermostat,
)
from ase.md.verlet import VelocityVerlet

from whet import degrees_of_freedom
from whet import units as whet_units

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms
    from ase.md.md import MolecularDynamics

    from whet import Protocol

BAROSTATS: dict[str, tuple[Any, dict[str, Any]]] = {
    "isotropic": (IsotropicMTKNPT, {}),
    "anisotropic": (MaskedMTKNPT, {"mask": (True, True, True)}),
    "full": (MTKNPT, {}),
}


def integrator(atoms: Atoms, options: Protocol, random: np.random.Generator) -> MolecularDynamics:
    """The integrator for `options`, over `atoms`, which have momenta; draws only from `random`."""
    step = options.timestep * units.fs
    damping = options.thermostat_time * units.fs
    if options.ensemble == "nve":
        return VelocityVerlet(atoms, step)
    if options.ensemble == "npt":
        kind, more = BAROSTATS[options.barostat or "isotropic"]
        coupled = kind(
            atoms,
            step,
            temperature_K=options.temperature,
            pressure_au=options.pressure * whet_units.BAR,
            tdamp=damping,
            pdamp=options.barostat_time * units.fs,
            **more,
        )
        return _with_freedom(coupled, options, damping)
    if options.coupling == "nose-hoover":
        chain = NoseHooverChainNVT(atoms, step, temperature_K=options.temperature, tdamp=damping)
        return _with_freedom(chain, options, damping)
    if not atoms.constraints:
        atoms.set_constraint(FixCom())
    if options.coupling == "bussi":
        return Bussi(atoms, step, temperature_K=options.temperature, taut=damping, rng=random)
    return Langevin(atoms, step, temperature_K=options.temperature, friction=1 / damping, fixcm=False, rng=random)


def parts(dynamics: MolecularDynamics) -> dict[str, Any]:
    """The objects in which an integrator keeps its inner state, by name."""
    found = {name: getattr(dynamics, name, None) for name in ("_thermostat", "_barostat")}
    return {"": dynamics, **{name: part for name, part in found.items() if part is not None}}


def _with_freedom(dynamics: Any, options: Protocol, damping: float) -> MolecularDynamics:
    """The same integrator with a thermostat for the degrees of freedom that there are.

    ASE's chain counts 3N, but total momentum is conserved and zero: the system would be too hot by N/(N − 1).
    """
    n_atoms = len(dynamics.atoms)
    dynamics._thermostat = NoseHooverChainThermostat(
        num_atoms_global=n_atoms,
        masses=dynamics.masses,
        temperature_K=options.temperature * degrees_of_freedom(dynamics.atoms) / (3 * n_atoms),
        tdamp=damping,
    )
    return dynamics
