"""PairLimits: below which distance two atoms come together, and above which larger one they part."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

Factors = tuple[float, float]


@dataclass(frozen=True, eq=False)
class PairLimits:
    """Two distances for each pair of elements; between them a pair stays as it is (hysteresis).

    joins, parts: (z + 1, z + 1) Å, by the two atomic numbers, z the largest that occurs; 0 for pairs that never join.
    """

    joins: np.ndarray
    parts: np.ndarray

    @classmethod
    def of_bonds(
        cls, atoms: Atoms, factors: Factors, pairs: Mapping[tuple[str, str], Factors], unbonded: Collection[str] = ()
    ) -> PairLimits:
        """Multiples of the sum of the covalent radii (Cordero et al., 2008), as ASE has them.

        factors: for forming and for breaking. pairs: of elements that have factors of their own. unbonded: symbols of
        ions that have neighbors but no bonds.
        """
        from ase.data import atomic_numbers, covalent_radii

        found = cls._none(atoms)
        elements = [number for number in set(atoms.numbers.tolist()) if number > 0]
        never = {atomic_numbers[symbol] for symbol in unbonded}
        own = {frozenset(atomic_numbers[symbol] for symbol in pair): given for pair, given in pairs.items()}
        for one in elements:
            for other in elements:
                if never & {one, other}:
                    continue
                forming, breaking = own.get(frozenset((one, other)), factors)
                radii = float(covalent_radii[one] + covalent_radii[other])
                found.joins[one, other], found.parts[one, other] = forming * radii, breaking * radii
        return found

    @classmethod
    def of_shells(cls, atoms: Atoms, shells: Mapping[tuple[str, str], Factors]) -> PairLimits:
        """The two distances, Å, of some pairs of elements; no others join."""
        from ase.data import atomic_numbers

        found = cls._none(atoms)
        for pair, (joins, parts) in shells.items():
            one, other = (atomic_numbers[symbol] for symbol in pair)
            if max(one, other) < len(found.joins):
                found.joins[one, other] = found.joins[other, one] = joins
                found.parts[one, other] = found.parts[other, one] = parts
        return found

    @classmethod
    def _none(cls, atoms: Atoms) -> PairLimits:
        import numpy as np

        size = int(atoms.numbers.max(initial=0)) + 1
        return cls(np.zeros((size, size)), np.zeros((size, size)))
