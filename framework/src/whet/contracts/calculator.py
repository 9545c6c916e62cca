"""PotentialCalculator: any potential of the registry as an ASE calculator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ase.calculators.calculator import Calculator, all_changes

from whet.contracts.potential import Property
from whet.data.units import VOIGT

if TYPE_CHECKING:
    from ase import Atoms

    from whet.contracts.potential import Potential


class PotentialCalculator(Calculator):
    """Answers exactly as `Potential.evaluate` does: eV, eV/Å, eV/Å³ (Voigt, tension positive).

    A stress is computed only when it is asked for.
    """

    implemented_properties: list[str] = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012 -- as ASE has it

    def __init__(self, potential: Potential) -> None:
        super().__init__()
        self.potential = potential

    def calculate(
        self, atoms: Atoms | None = None, properties: list[str] | None = None, system_changes: list[str] = all_changes
    ) -> None:
        """Fills `results`. Raises what `Potential.evaluate` raises."""
        super().calculate(atoms, properties, system_changes)
        wanted: list[Property] = ["energy", "forces"]
        if "stress" in (properties or ()):
            wanted.append("stress")
        (labels,) = self.potential.evaluate([self.atoms], wanted)  # pyright: ignore[reportArgumentType]
        self.results = {"energy": labels.energy, "free_energy": labels.energy, "forces": labels.forces}
        if labels.stress is not None:
            import numpy as np

            self.results["stress"] = np.array([labels.stress[i, j] for i, j in VOIGT])
