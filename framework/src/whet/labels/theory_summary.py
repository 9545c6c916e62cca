"""TheorySummary: what the labels of one level of theory are, gathered one at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from whet.data.labels import Failure
from whet.data.recorded import Recorded
from whet.data.theory import LevelOfTheory


@dataclass
class TheorySummary:
    """energy: least and most, eV per atom. largest_force: eV/Å. isolated: symbol -> energies of single open atoms, eV.

    damaged: place and reason of each label that cannot be read. The numbers are of frames of more than one atom where
    there are any.
    """

    theory: LevelOfTheory
    labels: int = 0
    with_stress: int = 0
    atoms: int = 0
    elements: set[str] = field(default_factory=set)
    formulas: Counter[str] = field(default_factory=Counter)
    energy: tuple[float, float] = (float("inf"), float("-inf"))
    largest_force: float = 0.0
    isolated: dict[str, list[float]] = field(default_factory=dict)
    damaged: list[tuple[str, str]] = field(default_factory=list)

    def add(self, record: Recorded) -> None:
        """Takes one more label into account."""
        import numpy as np

        if isinstance(record.answer, Failure) or record.frame is None:
            reason = record.answer.reason if isinstance(record.answer, Failure) else ""
            self.damaged.append((record.place, reason))
            return
        frame, labels = record.frame, record.answer
        self.labels += 1
        self.with_stress += labels.stress is not None
        self.atoms += len(frame)
        self.elements.update(frame.get_chemical_symbols())
        if is_isolated(frame):
            self.isolated.setdefault(str(frame.symbols[0]), []).append(labels.energy)
            return
        self.formulas[frame.get_chemical_formula()] += 1
        each = labels.energy / len(frame)
        self.energy = (min(self.energy[0], each), max(self.energy[1], each))
        largest = float(np.linalg.norm(labels.forces, axis=1).max(initial=0.0))
        self.largest_force = max(self.largest_force, largest)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "fingerprint": self.theory.fingerprint,
            "name": str(self.theory),
            "theory": self.theory.as_json(),
            "labels": self.labels,
            "with_stress": self.with_stress,
            "without_stress": self.labels - self.with_stress,
            "atoms": self.atoms,
            "elements": sorted(self.elements),
            "formulas": dict(self.formulas),
            "energy_per_atom": list(self.energy) if self.formulas else None,
            "largest_force": self.largest_force,
            "isolated_atoms": self.isolated,
            "damaged": [{"place": place, "reason": reason} for place, reason in self.damaged],
        }


def is_isolated(frame: Any) -> bool:
    """Whether a frame is one atom, open in all directions."""
    return len(frame) == 1 and not frame.pbc.any()
