"""ASE's integrators with the words of a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ase import units
from ase.constraints import FixCom
from ase.md.bussi import Bussi
from ase.md.langevin import Langevin
from ase.md.nose_hoover_chain import MTKNPT, IsotropicMTKNPT, NoseHooverChainNVT, NoseHooverChainThermostat
from ase.md.verlet import VelocityVerlet

from whet import units as whet_units

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms
    from ase.md.md import MolecularDynamics

    from whet_ase_md.engine import AseMDOptions


def integrator(atoms: Atoms, options: AseMDOptions, random: np.random.Generator) -> MolecularDynamics:
    """The integrator for `options`, over `atoms`, which have momenta; draws only from `random`."""
    step = options.timestep * units.fs
    damping = options.thermostat_time * units.fs
    if options.ensemble == "nve":
        return VelocityVerlet(atoms, step)
    if options.ensemble == "npt":
        kind = IsotropicMTKNPT if options.barostat == "isotropic" else MTKNPT
        coupled = kind(
            atoms,
            step,
            temperature_K=options.temperature,
            pressure_au=options.pressure * whet_units.BAR,
            tdamp=damping,
            pdamp=options.barostat_time * units.fs,
        )
        return _without_center_of_mass(coupled, options, damping)
    if options.thermostat == "nose-hoover":
        chain = NoseHooverChainNVT(atoms, step, temperature_K=options.temperature, tdamp=damping)
        return _without_center_of_mass(chain, options, damping)
    atoms.set_constraint(FixCom())
    if options.thermostat == "bussi":
        return Bussi(atoms, step, temperature_K=options.temperature, taut=damping, rng=random)
    return Langevin(atoms, step, temperature_K=options.temperature, friction=1 / damping, fixcm=False, rng=random)


def parts(dynamics: MolecularDynamics) -> dict[str, Any]:
    """The objects in which an integrator keeps its inner state, by name."""
    found = {name: getattr(dynamics, name, None) for name in ("_thermostat", "_barostat")}
    return {"": dynamics, **{name: part for name, part in found.items() if part is not None}}


def _without_center_of_mass(dynamics: Any, options: AseMDOptions, damping: float) -> MolecularDynamics:
    """The same integrator with a thermostat for 3N − 3 degrees of freedom.

    ASE's chain counts 3N, but total momentum is conserved and zero: the system would be too hot by N/(N − 1).
    """
    n_atoms = len(dynamics.atoms)
    dynamics._thermostat = NoseHooverChainThermostat(
        num_atoms_global=n_atoms,
        masses=dynamics.masses,
        temperature_K=options.temperature * (n_atoms - 1) / n_atoms,
        tdamp=damping,
    )
    return dynamics
