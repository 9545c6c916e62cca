"""AskedCalculator: what MatCalc asks for, asked of the potential once a frame, and without what MatCalc adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

if TYPE_CHECKING:
    from whet import Progress


class AskedCalculator(Calculator):
    """Energy, forces and stress of another calculator, computed together.

    MatCalc asks for the stress after the forces, which would cost each frame twice. The frames have positions, cell
    and initial magnetic moments alone, so that a label is found again by whoever asks for the same atoms. frames: how
    many it was asked for.
    """

    implemented_properties: list[str] = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012 -- as ASE has it

    def __init__(self, calculator: Calculator, progress: Progress, most: int | None = None) -> None:
        super().__init__()
        self.calculator, self.progress, self.most, self.frames = calculator, progress, most, 0

    def calculate(
        self, atoms: Atoms | None = None, properties: list[str] | None = None, system_changes: list[str] = all_changes
    ) -> None:
        """Fills `results`. Raises what the other calculator raises."""
        super().calculate(atoms, properties, system_changes)
        assert self.atoms is not None
        plain = Atoms(self.atoms.numbers, self.atoms.positions, cell=self.atoms.cell, pbc=self.atoms.pbc)
        if self.atoms.get_initial_magnetic_moments().any():
            plain.set_initial_magnetic_moments(self.atoms.get_initial_magnetic_moments())
        self.calculator.calculate(plain, ["energy", "forces", "stress"], all_changes)
        self.results = dict(self.calculator.results)
        self.results.setdefault("free_energy", self.results["energy"])
        self.frames += 1
        if self.most is not None:
            self.progress(min(self.frames, self.most), self.most)
