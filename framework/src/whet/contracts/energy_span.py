"""EnergySpan: at which compositions energies mean something after reference energies were fitted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

OUTSIDE = 1e-6
"""Part of a composition's atomic fractions that no combination of the fitted compositions gives."""


class UndeterminedEnergy(UserWarning):
    """An energy was asked for at a composition that the fit of reference energies does not determine."""


@dataclass(frozen=True)
class EnergySpan:
    """The compositions whose reference energy a fit determines: linear combinations of those that were fitted.

    elements: those that have a reference energy. fitted: formulas of compositions that were fitted, as many as are
    independent (the rank); empty where each element's energy is determined.
    """

    elements: tuple[str, ...]
    fitted: tuple[str, ...] = ()

    @classmethod
    def of(cls, frames: Iterable[Atoms], elements: Sequence[str]) -> Self:
        """The span of the frames' compositions; `fitted` has the first independent ones, in reduced formulas."""
        span = cls(tuple(elements))
        independent: list[np.ndarray] = []
        formulas: list[str] = []
        for formula in dict.fromkeys(map(reduced_formula, frames)):
            if len(formulas) == len(elements):
                break
            left = span._left(formula, independent)
            if left is not None:
                independent.append(left)
                formulas.append(formula)
        return cls(tuple(elements), () if len(formulas) == len(elements) else tuple(formulas))

    @property
    def rank(self) -> int:
        """How many independent combinations of reference energies are determined."""
        return len(self.fitted) or len(self.elements)

    def doubt(self, atoms: Atoms) -> str:
        """One sentence where the energy of this composition is not determined; empty where it is."""
        return self._doubt(reduced_formula(atoms))

    def _doubt(self, formula: str) -> str:
        unknown = sorted(set(_counts(formula)) - set(self.elements))
        known = f"{len(self.elements)} {'element' if len(self.elements) == 1 else 'elements'}"
        fit = f"reference energies were fitted with rank {self.rank} for {known} ({', '.join(self.elements)})"
        if unknown:
            why = f"{fit}, and there is none for {', '.join(unknown)}"
        elif self.fitted and self._left(formula, self._basis) is not None:
            some = ", ".join(self.fitted[:3]) + (", …" if len(self.fitted) > 3 else "")
            why = f"{fit}, on compositions of which this is no combination ({some})"
        else:
            return ""
        return (
            f"the energy of {formula} cannot be compared with that of other compositions: {why}; forces and stress are "
            "not affected"
        )

    @cached_property
    def _basis(self) -> list[np.ndarray]:
        basis: list[np.ndarray] = []
        for formula in self.fitted:
            left = self._left(formula, basis)
            if left is not None:
                basis.append(left)
        return basis

    def _left(self, formula: str, basis: Sequence[np.ndarray]) -> np.ndarray | None:
        """The direction of a composition that is outside the span of an orthonormal basis; None where it is inside."""
        import numpy as np

        counts = _counts(formula)
        vector = np.array([counts.get(element, 0) for element in self.elements], dtype=float)
        vector /= sum(counts.values())
        length = np.linalg.norm(vector)
        for _ in range(2):  # once more: what is left of rounding
            for direction in basis:
                vector = vector - (vector @ direction) * direction
        left = np.linalg.norm(vector)
        return vector / left if left > OUTSIDE * length else None


def energy_doubts(backend: Any, atoms: Atoms) -> Iterator[str]:
    """What is to be said of an energy that a potential, or whatever has potentials as its parts, answers for a frame.

    One sentence for each different fit of reference energies that does not determine it.
    """
    shift = getattr(backend, "energy_shift", None)
    found = [span_of(tuple(sorted(shift)), tuple(backend.energy_span)).doubt(atoms)] if shift else []
    found += [doubt for part in backend.parts.values() for doubt in energy_doubts(part, atoms)]
    return (doubt for doubt in dict.fromkeys(found) if doubt)


@lru_cache(maxsize=256)
def span_of(elements: tuple[str, ...], fitted: tuple[str, ...]) -> EnergySpan:
    """The same span, so that what it worked out is kept."""
    return EnergySpan(elements, fitted)


def reduced_formula(atoms: Atoms) -> str:
    """The composition, by which energies are told apart: `Li20Ge2P4S24` and its supercells are `GeLi10P2S12`."""
    return _reduced(atoms.numbers.tobytes(), atoms.numbers.dtype.str)


@lru_cache(maxsize=4096)
def _reduced(numbers: bytes, dtype: str) -> str:
    import numpy as np
    from ase.symbols import Symbols

    return str(Symbols(np.frombuffer(numbers, dtype)).formula.reduce()[0].convert("hill"))


@lru_cache(maxsize=4096)
def _counts(formula: str) -> dict[str, int]:
    from ase.formula import Formula

    return Formula(formula).count()
