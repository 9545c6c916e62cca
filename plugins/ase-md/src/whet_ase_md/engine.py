"""AseMD: molecular dynamics with ASE's integrators, driven by any potential."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from whet import MDEngine, Protocol, Start
from whet_ase_md.references import ASE

if TYPE_CHECKING:
    from whet import Potential, Simulation


class AseMD(MDEngine[Protocol]):
    """Molecular dynamics with ASE's integrators: nve, nvt (Langevin, Bussi, Nosé-Hoover chain), npt (MTK).

    Temperatures count the 3N − 3 degrees of freedom that a resting center of mass leaves. A potential is asked once a
    step, for a stress only where the protocol needs one. A run that was killed goes on bit for bit.
    """

    name = "ase-md"
    title = "ASE"
    packages: ClassVar[Mapping[str, str]] = {"ase": "ase>=3.28"}
    constraints = frozenset({"FixAtoms", "FixCom", "FixBondLengths", "FixBondLength", "FixCartesian", "FixedPlane"})

    @classmethod
    def references(cls, options: Protocol) -> Sequence[str]:
        return (ASE,)

    def simulation(self, start: Start, potential: Potential) -> Simulation:
        from whet_ase_md.simulation import AseSimulation

        return AseSimulation(start, potential, self.options)
