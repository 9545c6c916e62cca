"""short-range: how two atoms of each pair of elements repel each other, beside the universal potential of ZBL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, model_validator

from whet.contracts.options import Options
from whet.contracts.probe import CurveKind, Measured, Point, Probe, Quantity

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from whet.contracts.fine_tuning import Progress

NOISE = 1e-3
"""eV; an energy that falls by less than this as atoms approach falls by rounding."""


ZBL = """\
@book{ziegler1985stopping,
  title = {The Stopping and Range of Ions in Solids},
  author = {Ziegler, J. F. and Biersack, J. P. and Littmark, U.},
  publisher = {Pergamon Press},
  address = {New York},
  year = {1985},
}"""


class ShortRangeOptions(Options):
    """How close atoms come, in sums of their covalent radii."""

    shortest: float = Field(default=0.3, gt=0)
    """Shortest distance, as a share of the sum of the covalent radii; ratios to ZBL are those of this distance."""
    longest: float = Field(default=1.5, gt=0)
    """Longest distance, in the same unit."""
    points: int = Field(default=25, ge=5, le=1001)
    """Distances, evenly spread, for each pair of elements."""
    inside: float = Field(default=0.5, gt=0)
    """Closer than this, in the same unit, the energy has to rise as atoms approach."""
    vacuum: float = Field(default=12.0, gt=0)
    """Å; the (open) cell is longer by so much than the dimer. It must be more than a potential's cutoff."""

    @model_validator(mode="after")
    def _in_order(self) -> ShortRangeOptions:
        if not self.shortest < self.inside <= self.longest:
            raise ValueError("`shortest` must be less than `inside`, and that no more than `longest`")
        return self


class ShortRange(Probe[ShortRangeOptions]):
    """The energy of two atoms, less that of each alone, of every pair of the material's elements.

    At short distance the screened repulsion of the nuclei is all that is left, and the universal potential of Ziegler,
    Biersack and Littmark (1985) is right within about a fifth. Where the energy falls as atoms approach, the potential
    has a well that matter has not, and hot or packed atoms may fall into it.
    """

    name = "short-range"
    title = "short-range repulsion"
    result_version = 2
    unpickles = False
    quantities: ClassVar = (
        Quantity("lowest ratio to ZBL", "", "At the shortest distance, of the pair that repels least.", 3),
        Quantity("highest ratio to ZBL", "", "Of the pair that repels most; 1 is ZBL, negative attracts.", 3),
        Quantity("wrong wells", "", "Places from which a pair energy falls as its atoms approach, of all pairs.", 0),
    )
    curves: ClassVar = (
        CurveKind("Pair energy", "distance", "energy", "Å", "eV", "Less that of the two atoms alone."),
        CurveKind("Ratio to ZBL", "distance", "ratio", "Å", "", "Of the pair energy, where the energy has to rise."),
    )

    @classmethod
    def references(cls, options: ShortRangeOptions) -> Sequence[str]:
        """The universal potential."""
        return (ZBL,)

    def measure(self, atoms: Atoms, calculator: Calculator, progress: Progress) -> Measured:
        """Of the elements alone: where its atoms are makes no difference."""
        import numpy as np
        from ase.data import atomic_numbers, covalent_radii

        from whet.bias.zbl import zbl_energy

        elements = sorted(set(atoms.get_chemical_symbols()))
        pairs = list(combinations_with_replacement(elements, 2))
        total = len(elements) + len(pairs) * self.options.points
        alone = {symbol: self._alone(symbol, calculator) for symbol in elements}
        progress(len(elements), total)
        ratios: dict[str, float] = {}
        wells: Counter[str] = Counter()
        energies: list[Point] = []
        shares: list[Point] = []
        for done, (first, second) in enumerate(pairs, 1):
            branch = f"{first}–{second}"
            numbers = atomic_numbers[first], atomic_numbers[second]
            bond = float(covalent_radii[list(numbers)].sum())
            distances = bond * np.linspace(self.options.shortest, self.options.longest, self.options.points)
            of_pair = np.array([self._energy(first, second, one, calculator) for one in distances])
            of_pair -= alone[first] + alone[second]
            progress(len(elements) + done * self.options.points, total)
            inside = distances <= self.options.inside * bond * (1 + 1e-12)
            ratio = of_pair / zbl_energy(*numbers, distances)
            ratios[branch] = float(ratio[0])
            wells[branch] += len(wrong_wells(distances[inside], of_pair[inside]))
            energies += [(float(r), float(e), branch) for r, e in zip(distances, of_pair, strict=True)]
            shares += [(float(r), float(x), branch) for r, x in zip(distances[inside], ratio[inside], strict=True)]
        values = {
            "lowest ratio to ZBL": min(ratios.values()),
            "highest ratio to ZBL": max(ratios.values()),
            "wrong wells": float(wells.total()),
        }
        notes = [f"ratio to ZBL: {', '.join(f'{pair} {ratio:.2f}' for pair, ratio in ratios.items())}"]
        if bad := [pair for pair, many in wells.items() if many]:
            notes.append(f"wrong wells: {', '.join(bad)}")
        return Measured(values, {"Pair energy": energies, "Ratio to ZBL": shares}, notes)

    def _alone(self, symbol: str, calculator: Calculator) -> float:
        """eV; of one atom in its ground state, the frame that reference energies are of."""
        from whet.contracts.labeling import isolated_atom

        atom = isolated_atom(symbol)
        atom.calc = calculator
        return float(atom.get_potential_energy())

    def _energy(self, first: str, second: str, distance: float, calculator: Calculator) -> float:
        from whet.contracts.structures import dimer

        pair = dimer(first, second, float(distance), self.options.vacuum)
        pair.calc = calculator
        return float(pair.get_potential_energy())


def wrong_wells(distances: np.ndarray, energies: np.ndarray) -> list[float]:
    """Å; where a pair's energy begins to fall as its atoms approach, once for each stretch in which it falls.

    distances: (n,) Å, ascending. energies: (n,) eV.
    """
    import numpy as np

    falls = np.diff(energies) > NOISE  # from a distance to the next: higher farther away
    begins = falls & ~np.append(falls[1:], False)
    return distances[1:][begins].tolist()
