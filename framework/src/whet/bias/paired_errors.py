"""PairedErrors: errors of two series on the frames that all of them answered, summed by independent unit and seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from whet.bias.errors import energy_residuals
from whet.bias.pairs import Comparison
from whet.bias.resampling import by_unit
from whet.bias.series import absolute_by_frame
from whet.data.errors import FrameError

if TYPE_CHECKING:
    import numpy as np

UNITS = {"energy": "meV/atom", "forces": "eV/Å", "stress": "eV/Å³"}
"""Quantity -> unit of its errors."""


@dataclass(frozen=True, eq=False)
class PairedErrors:
    """Absolute errors of one quantity, of two series on the same frames.

    first, second: (n_units, n_seeds), summed over the frames of an independent unit, in `UNITS[quantity]`. count:
    numbers (components; frames for the energy) in all units together. frames: how many. units_of: what units are.
    """

    quantity: str
    first: np.ndarray
    second: np.ndarray
    count: float
    frames: int
    units_of: str = "trajectories"

    @classmethod
    def of(cls, quantity: str, first: Mapping[int, Comparison], second: Mapping[int, Comparison]) -> Self:
        """Of seed -> comparison on one set: seeds that both have, or the lowest of each where they have none.

        Energies are per atom and as predicted. Stress: of the frames that have it. FrameError where no frame is left.
        """
        import numpy as np

        seeds = [(seed, seed) for seed in sorted(first.keys() & second.keys())] or [(min(first), min(second))]
        sides = [[first[one] for one, _ in seeds], [second[other] for _, other in seeds]]
        every = [comparison for side in sides for comparison in side]
        tables = {id(one): dict(zip(one.indices, _errors(quantity, one).tolist(), strict=True)) for one in every}
        common = [
            index
            for index in every[0].indices
            if all(np.isfinite(table.get(index, np.nan)) for table in tables.values())
        ]
        if not common:
            raise FrameError(f"no frame has {quantity} from both potentials")
        shared = every[0].take(every[0].indices.index(index) for index in common)
        of_first, of_second = (
            by_unit(np.array([[tables[id(one)][index] for one in side] for index in common]), shared.units)
            for side in sides
        )
        count = {"energy": 1.0 * len(common), "forces": 3.0 * shared.n_atoms.sum(), "stress": 6.0 * len(common)}
        return cls(quantity, of_first, of_second, float(count[quantity]), len(common), shared.units_of)

    @property
    def n_units(self) -> int:
        """How many independent units."""
        return self.first.shape[0]

    @property
    def seeds(self) -> int:
        """How many repetitions."""
        return self.first.shape[1]

    @property
    def maes(self) -> tuple[float, float]:
        """Mean absolute errors of both, means over seeds, in `UNITS[quantity]`."""
        first, second = (float(sums.sum()) / self.count / self.seeds for sums in (self.first, self.second))
        return first, second


def _errors(quantity: str, comparison: Comparison) -> np.ndarray:
    """(n_frames,): sum of absolute errors of each frame; NaN where it has none."""
    import numpy as np

    if quantity == "energy":
        return np.abs(energy_residuals(comparison, None))
    if quantity == "forces":
        return absolute_by_frame(comparison)
    return np.abs(comparison.predicted.stresses - comparison.reference.stresses).sum(axis=1)


def common_quantities(comparisons: Sequence[Comparison]) -> tuple[str, ...]:
    """Energy and forces, and stress where each of the comparisons has a frame with it."""
    import numpy as np

    has_stress = all(np.isfinite(_errors("stress", one)).any() for one in comparisons)
    return ("energy", "forces", "stress") if has_stress else ("energy", "forces")
