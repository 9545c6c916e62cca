"""CalculatorPotential: a potential that is an ASE calculator. An author writes `make_calculator`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from whet.contracts.component import OptionsT
from whet.contracts.potential import EFS, Capabilities, Potential, Property
from whet.data.labels import Labels

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator


class CalculatorPotential(Potential[OptionsT], ABC):
    """A potential that asks an ASE calculator: one frame at a time, in ASE's units, which are Whet's.

    Override `capabilities` where the calculator takes some elements only, or computes in float32.
    """

    @abstractmethod
    def make_calculator(self) -> Calculator:
        """A calculator with these `options`, `files` and on this `device`; made when it is first needed, and kept."""

    @property
    def capabilities(self) -> Capabilities:
        """Any element, float64, and of energy, forces and stress what the calculator says that it implements."""
        implemented = self._calculator.implemented_properties
        return Capabilities(properties=frozenset(name for name in EFS if name in implemented))

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        """As the contract says; constraints on atoms change no answer."""
        import numpy as np

        for frame in frames:
            atoms = frame.copy()
            atoms.calc = self._calculator
            forces = np.array(atoms.get_forces(apply_constraint=False), dtype=float)
            stress = None
            if "stress" in properties and atoms.pbc.all():
                stress = np.array(atoms.get_stress(voigt=False, apply_constraint=False), dtype=float)
            yield Labels(float(atoms.get_potential_energy()), forces, stress)

    @cached_property
    def _calculator(self) -> Calculator:
        return self.make_calculator()
