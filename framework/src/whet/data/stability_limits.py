"""StabilityLimits: until when a trajectory is a stable one, judged by its frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.data.errors import FrameError
from whet.data.topology import BondTopology

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

NONMETALS = frozenset(["H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Ge", "As", "Se", "Br", "I"])
"""Elements between which there are bonds that can break; neighbors of a metal come and go."""

GRAMS_PER_CM3 = 1.66053906660
"""Of one u/Å³."""


@dataclass(frozen=True)
class Departure:
    """Where a trajectory left its limits. time: of the first frame beyond. by: `density` or `bond`. what: in words."""

    time: float
    by: str
    what: str


@dataclass(frozen=True)
class StabilityLimits:
    """Limits of density and of bonds (Niblett et al.: [0.2, 2.0] g/cm³ and 0.5 Å, by default).

    density: g/cm³, lowest and highest, where the cell moves and the start is between them (nothing leaves what it never
    was in: most salts and metals are denser); None: none. stretch: Å, by which a bond of the starting
    structure between two nonmetals may be longer than its equilibrium length, the mean over the bonds of its kind
    (`BondTopology.kinds`) in that structure; None: any.
    """

    density: tuple[float, float] | None = (0.2, 2.0)
    stretch: float | None = 0.5

    def departure(self, start: Atoms, frames: Iterable[Atoms], times: Sequence[float]) -> Departure | None:
        """The first frame beyond a limit; None where there is none. One frame at a time is in memory.

        times: of each frame. FrameError where frames have other atoms than the start.
        """
        import numpy as np

        bonds = self._bonds(start)
        lengths = np.zeros(0) if bonds is None else _means_of_kinds(bonds)
        volume = float(start.cell.volume)
        bounds = self.density if self.density and start.pbc.all() and self._holds(density_of(start)) else None
        for time, frame in zip(times, frames, strict=True):
            if bounds is not None and frame.pbc.all() and moved(volume, float(frame.cell.volume)):
                low, high = bounds
                if not self._holds(density := density_of(frame)):
                    return Departure(time, "density", f"the density is {density:.3g} g/cm³ ({low:g} to {high:g} g/cm³)")
            if bonds is not None and len(lengths) and self.stretch is not None:
                longer = bonds.lengths_in(frame) - lengths
                if not longer.max() <= self.stretch:
                    worst = int(longer.argmax())
                    first, second = bonds.pairs[worst]
                    what = (
                        f"the bond {bonds.kinds[worst]} of atoms {first} and {second} is {longer[worst]:.3g} Å longer "
                    )
                    return Departure(time, "bond", what + f"than at rest (limit {self.stretch:g} Å)")
        return None

    def _holds(self, density: float) -> bool:
        return self.density is None or self.density[0] <= density <= self.density[1]

    def _bonds(self, start: Atoms) -> BondTopology | None:
        """The bonds that are watched; None where an atom is bonded to two images of another."""
        if self.stretch is None:
            return None
        try:
            return BondTopology.of(start, unbonded=set(start.get_chemical_symbols()) - NONMETALS)
        except FrameError:
            return None


def density_of(frame: Atoms) -> float:
    """Its density, g/cm³."""
    return float(frame.get_masses().sum() / frame.cell.volume) * GRAMS_PER_CM3


def moved(before: float, after: float) -> bool:
    """Whether a cell of the one volume is not that of the other: whether a barostat moves it."""
    return abs(after - before) > 1e-6 * abs(before)


def _means_of_kinds(bonds: BondTopology) -> np.ndarray:
    """(n_bonds,) Å: the mean length in the starting structure of the bonds of the same kind."""
    import numpy as np

    _, kinds = np.unique(bonds.kinds, return_inverse=True)
    return (np.bincount(kinds, bonds.lengths) / np.bincount(kinds))[kinds]
