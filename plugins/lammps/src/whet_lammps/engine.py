"""Lammps: molecular dynamics in LAMMPS, driven by any potential."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from whet import MDEngine, Start
from whet_lammps.options import LammpsOptions
from whet_lammps.references import LAMMPS

if TYPE_CHECKING:
    from whet import Potential, Simulation


class Lammps(MDEngine[LammpsOptions]):
    """Molecular dynamics in LAMMPS, as a library in the same process: nve, nvt (Langevin, Nosé-Hoover, Bussi), npt.

    The input script and the log are kept in the run's folder. A run that was killed goes on bit for bit in nve and
    with Nosé-Hoover chains where the potential computes the forces.
    """

    name = "lammps"
    title = "LAMMPS"
    packages: ClassVar[Mapping[str, str]] = {"lammps": "lammps>=2025.7.22"}
    constraints = frozenset({"FixAtoms"})

    @classmethod
    def references(cls, options: LammpsOptions) -> Sequence[str]:
        return (LAMMPS,)

    @property
    def lost_on_resume(self) -> str:
        lost = []
        if self.options.forces == "pair":
            lost.append("the last bits of positions and forces, which depend on when neighbor lists were built")
        if self.options.coupling in ("langevin", "bussi"):
            lost.append("the thermostat's random numbers, which begin anew")
        if self.options.extra:
            lost.append("what the commands in `extra` remember")
        return "; ".join(lost)

    def simulation(self, start: Start, potential: Potential) -> Simulation:
        from whet_lammps.external_forces import ExternalForces
        from whet_lammps.pair_forces import PairForces

        kind = ExternalForces if self.options.forces == "external" else PairForces
        return kind(start, potential, self.options)
