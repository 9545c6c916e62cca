"""relaxation: atoms and cell relaxed to a minimum of the energy: lattice, volume, density."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from whet.contracts.options import Options
from whet.contracts.probe import Measured, Probe, Quantity
from whet.data.errors import FrameError

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from whet.contracts.fine_tuning import Progress

EDGES = ("a", "b", "c")


class RelaxationOptions(Options):
    """When a structure is at rest."""

    fmax: float = Field(default=0.01, gt=0)
    """Largest force on an atom, and on the cell (ASE's measure, stress × volume), eV/Å."""
    steps: int = Field(default=500, ge=1)
    """Relaxation steps at the most."""


class Relaxation(Probe[RelaxationOptions]):
    """Relaxes positions and, in a crystal, the cell, by ASE's FIRE and its Fréchet filter."""

    name = "relaxation"
    unpickles = False
    quantities: ClassVar = (
        *(Quantity(edge, "Å", "Edge of the cell as it was given, relaxed.", 4) for edge in EDGES),
        Quantity("volume", "Å³/atom", "Of the relaxed cell.", 3),
        Quantity("energy gained", "meV/atom", "From the structure as it was given to the relaxed one.", 2),
    )

    @classmethod
    def most_frames(cls, options: RelaxationOptions) -> int:
        """One for each step, and the start."""
        return options.steps + 1

    def measure(self, atoms: Atoms, calculator: Calculator, progress: Progress) -> Measured:
        """FrameError where it does not come to rest in time."""
        from ase.filters import FrechetCellFilter
        from ase.optimize import FIRE

        wanted, moving = self.options, atoms.copy()
        moving.calc = calculator
        crystal = bool(atoms.pbc.all())
        before = moving.get_potential_energy()
        free: Any = FrechetCellFilter(moving) if crystal else moving
        with FIRE(free, logfile=None) as optimizer:  # pyright: ignore[reportArgumentType] -- ASE's own default
            for at_rest in optimizer.irun(fmax=wanted.fmax, steps=wanted.steps):
                progress(min(optimizer.nsteps, wanted.steps), wanted.steps)
                if at_rest:
                    break
            else:
                hint = "Raise `steps` or `fmax`, or give a structure nearer to its minimum"
                raise FrameError(f"not at rest after {wanted.steps} steps", hint=hint)
        values = {"energy gained": 1000 * (before - moving.get_potential_energy()) / len(moving)}
        if crystal:
            values |= dict(zip(EDGES, moving.cell.lengths().tolist(), strict=True))
            values["volume"] = moving.get_volume() / len(moving)
        return Measured({name: float(value) for name, value in values.items()})
