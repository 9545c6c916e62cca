"""Tolerance: how far two answers that should be the same may differ, by the arithmetic that made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whet.data.labels import Labels


@dataclass(frozen=True)
class Tolerance:
    """energy: eV per atom. forces: eV/Å. stress: eV/Å³. work: relative, of energy differences against forces.

    path: length in Å over which these are compared; the longer it is, the less rounding matters, and the more the
    kinks that a neighbor leaves in the second derivative as it crosses the cutoff.
    """

    energy: float
    forces: float
    stress: float
    work: float
    path: float

    def difference(self, found: Labels, wanted: Labels) -> str:
        """What differs between two answers for the same frame, in numbers; empty where nothing does."""
        import numpy as np

        atoms = len(wanted.forces)
        off = abs(found.energy - wanted.energy) / atoms
        if not off <= self.energy:
            return f"the energy differs by {off:.2g} eV/atom (allowed: {self.energy:.0e})"
        worst = float(np.abs(found.forces - wanted.forces).max())
        if not worst <= self.forces:
            return f"a force differs by {worst:.2g} eV/Å (allowed: {self.forces:.0e})"
        if (found.stress is None) != (wanted.stress is None):
            return "one answer has a stress and the other has none"
        if found.stress is not None and wanted.stress is not None:
            worst = float(np.abs(found.stress - wanted.stress).max())
            if not worst <= self.stress:
                return f"a component of the stress differs by {worst:.2g} eV/Å³ (allowed: {self.stress:.0e})"
        return ""


TOLERANCES = {
    # Energies of some 30 eV are resolved to 2e-6 eV, and sums over neighbors in another order move ten times that;
    # forces are derivatives over some 0.1 Å. Published float32 models were measured at a fifth of these.
    "float32": Tolerance(energy=2e-5, forces=1e-3, stress=1e-4, work=2e-3, path=0.12),
    # Rounding is 1e-14; what is left is tables and splines that backends interpolate.
    "float64": Tolerance(energy=1e-8, forces=1e-6, stress=1e-7, work=1e-4, path=0.02),
}
"""By `Capabilities.dtype`."""


def same_bits(found: Labels, wanted: Labels) -> bool:
    """Whether two answers are equal to the last bit."""
    import numpy as np

    stresses = found.stress is None and wanted.stress is None
    if found.stress is not None and wanted.stress is not None:
        stresses = np.array_equal(found.stress, wanted.stress)
    return found.energy == wanted.energy and np.array_equal(found.forces, wanted.forces) and bool(stresses)
