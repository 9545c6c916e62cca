"""doubles: structures that stand several times among labeled frames, and whether their labels agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whet.data.frame_identity import frame_key
from whet.data.labels import Labels

if TYPE_CHECKING:
    from ase import Atoms

SAME_ENERGY, SAME_FORCES, SAME_STRESS = 1e-3, 1e-2, 2e-3
"""eV/atom, eV/Å and eV/Å³; a label of the same frame that differs by more is another label."""


@dataclass(frozen=True)
class Difference:
    """How far two labels of one frame are apart: energy in eV/atom, forces in eV/Å, stress in eV/Å³ (largest parts)."""

    energy: float
    forces: float
    stress: float

    @classmethod
    def between(cls, one: Labels, other: Labels) -> Difference:
        """Of labels of the same frame. A stress that only one of them has is no difference."""
        import numpy as np

        forces = np.abs(np.asarray(one.forces) - other.forces)
        stress = 0.0
        if one.stress is not None and other.stress is not None:
            stress = float(np.abs(np.asarray(one.stress) - other.stress).max())
        return cls(abs(one.energy - other.energy) / len(forces), float(forces.max(initial=0.0)), stress)

    @property
    def is_large(self) -> bool:
        """Whether they are two labels, not one that was rounded or converged a little differently."""
        return self.energy > SAME_ENERGY or self.forces > SAME_FORCES or self.stress > SAME_STRESS

    def __str__(self) -> str:
        return f"{1000 * self.energy:.4g} meV/atom, {self.forces:.3g} eV/Å, {self.stress:.3g} eV/Å³"


@dataclass
class Doubles:
    """different: structures that differ. copies: pairs of indices with the same label, the first one first. conflicts:
    pairs whose labels differ, and how far.
    """

    different: int = 0
    copies: list[tuple[int, int]] = field(default_factory=list)
    conflicts: list[tuple[int, int, Difference]] = field(default_factory=list)


def doubles(frames: Sequence[Atoms]) -> Doubles:
    """What stands twice among labeled frames; each one is compared with the first of the same structure."""
    found, first = Doubles(), dict[str, int]()
    for index, frame in enumerate(frames):
        before = first.setdefault(frame_key(frame), index)
        if before == index:
            continue
        apart = Difference.between(Labels.of(frames[before]), Labels.of(frame))
        if apart.is_large:
            found.conflicts.append((before, index, apart))
        else:
            found.copies.append((before, index))
    found.different = len(first)
    return found
