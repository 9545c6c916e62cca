"""equation-of-state: energy against volume, and what it says: volume, energy and bulk modulus at the minimum."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from whet.contracts.options import Options
from whet.contracts.probe import CurveKind, Measured, Probe, Quantity
from whet.data.errors import FrameError
from whet.data.units import GPA

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from whet.contracts.fine_tuning import Progress


class EquationOfStateOptions(Options):
    """How far the cell is scaled, and what is fitted."""

    strain: float = Field(default=0.03, gt=0, le=0.2)
    """Largest change of the cell's edges, as a share; the volume changes by about three times that."""
    points: int = Field(default=7, ge=5, le=101)
    """Volumes, evenly spread in the strain, the structure as it is in their middle where the number is odd."""
    form: Literal["birchmurnaghan", "vinet", "murnaghan", "sj"] = "birchmurnaghan"
    """Equation that is fitted; `sj` is a polynomial in the inverse cube root of the volume."""


class EquationOfState(Probe[EquationOfStateOptions]):
    """Energies of the cell scaled evenly, atoms at the same fractional positions; fitted by ASE."""

    name = "equation-of-state"
    title = "equation of state"
    unpickles = False
    quantities: ClassVar = (
        Quantity("volume", "Å³/atom", "Where the fitted energy is lowest.", 3),
        Quantity("bulk modulus", "GPa", "Of the fit at its minimum, fractional positions kept.", 2, stiffness=1),
    )
    curves: ClassVar = (
        CurveKind("Equation of state", "volume", "energy", "Å³/atom", "meV/atom", "Above the lowest energy."),
    )

    @classmethod
    def most_frames(cls, options: EquationOfStateOptions) -> int:
        """One for each volume."""
        return options.points

    def measure(self, atoms: Atoms, calculator: Calculator, progress: Progress) -> Measured:
        """FrameError where the structure is not periodic in all directions, or its minimum is not among the volumes."""
        import numpy as np
        from ase.eos import EquationOfState as Fit

        if not atoms.pbc.all():
            raise FrameError("only a crystal, periodic in all three directions, has an equation of state")
        wanted = self.options
        energies: list[float] = []
        volumes: list[float] = []
        for number, strain in enumerate(np.linspace(-wanted.strain, wanted.strain, wanted.points)):
            scaled = atoms.copy()
            scaled.set_cell(atoms.cell * (1 + strain), scale_atoms=True)
            scaled.calc = calculator
            energies.append(scaled.get_potential_energy() / len(atoms))
            volumes.append(scaled.get_volume() / len(atoms))
            progress(number + 1, wanted.points)
        lowest = int(np.argmin(energies))
        if lowest in (0, len(energies) - 1):
            side = "smaller" if lowest == 0 else "larger"
            what = f"the energy is lowest at the end of the scan: the minimum has a {side} volume than any of it"
            raise FrameError(what, hint="Raise `strain`, or give a structure nearer to its minimum")
        volume, _, modulus = Fit(volumes, energies, eos=wanted.form).fit()
        curve = [(v, 1000 * (e - min(energies)), 0) for v, e in zip(volumes, energies, strict=True)]
        values = {"volume": float(volume), "bulk modulus": float(modulus) / GPA}
        return Measured(values, {"Equation of state": curve})
