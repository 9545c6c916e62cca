"""Lammps: molecular dynamics in LAMMPS, driven by any potential."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from whet import MDEngine, Protocol, Start

if TYPE_CHECKING:
    from whet import Potential, Simulation


class LammpsOptions(Protocol):
    """A protocol, and how LAMMPS is run."""

    forces: Literal["external", "pair"] = "external"
    """Who computes forces: the potential at every step (`external`, any potential), or LAMMPS itself with a pair style
    that the potential exports to (`pair`), checked against the potential on the starting structure."""
    extra: list[str] = Field(default=[])
    """LAMMPS commands of your own (a fix, a dump, a compute), run after all others and before the first step; the
    groups are `all` and, where atoms are held in place, `mobile`. LAMMPS's units are `metal`."""
    arguments: list[str] = Field(default=[])
    """Command-line arguments of LAMMPS (`[-k, on, g, "1", -sf, kk]` for a GPU)."""


class Lammps(MDEngine):
    """Molecular dynamics in LAMMPS, as a library in the same process: nve, nvt (Langevin, Nosé-Hoover, Bussi), npt.

    The input script and the log are kept in the run's folder. A run that was killed goes on bit for bit in nve and
    with Nosé-Hoover chains where the potential computes the forces.
    """

    name = "lammps"
    Options = LammpsOptions
    packages: ClassVar[Mapping[str, str]] = {"lammps": "lammps>=2025.7.22"}
    constraints = frozenset({"FixAtoms"})

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
