"""PairedErrors: errors of two series on the frames that all of them answered, summed by independent unit and seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from whet.bias.errors import energy_residuals
from whet.bias.pairs import Comparison
from whet.bias.relative_energies import RelativeEnergies
from whet.bias.resampling import by_unit
from whet.bias.series import absolute_by_frame
from whet.data.errors import FrameError

if TYPE_CHECKING:
    import numpy as np

ENERGIES = "relative energies"
"""Energies per atom after each series has its own reference energies, fitted on the very frames."""

UNITS = {ENERGIES: "meV/atom", "forces": "eV/Å", "stress": "eV/Å³"}
"""Quantity -> unit of its errors."""


@dataclass(frozen=True, eq=False)
class PairedErrors:
    """Absolute errors of one quantity, of two series on the same frames.

    first, second: (n_units, n_seeds), summed over the frames of an independent unit, in `UNITS[quantity]`. count:
    numbers (components; frames for the energy) in all units together. frames: how many. units_of: what units are.
    Of relative energies also: fitted: how many reference energies were determined on these frames. without: as first
    and second, sums over all other units after a fit to these alone. offsets: of both, mean size of what the fit took
    out, mean over seeds, meV/atom.
    """

    quantity: str
    first: np.ndarray
    second: np.ndarray
    count: float
    frames: int
    units_of: str = "trajectories"
    fitted: int = 0
    without: tuple[np.ndarray, np.ndarray] | None = None
    offsets: tuple[float, float] | None = None

    @classmethod
    def of(cls, quantity: str, first: Mapping[int, Comparison], second: Mapping[int, Comparison]) -> Self:
        """Of seed -> comparison on one set: seeds that both have, or the lowest of each where they have none.

        Stress: of the frames that have it. FrameError where no frame is left, and where there are no more frames than
        reference energies to fit.
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
        columns = np.array([[tables[id(one)][index] for one in every] for index in common])
        count = {ENERGIES: 1.0 * len(common), "forces": 3.0 * shared.n_atoms.sum(), "stress": 6.0 * len(common)}
        rest = float(count[quantity]), len(common), shared.units_of
        if quantity != ENERGIES:
            return cls(quantity, *_halves(by_unit(columns, shared.units)), *rest)
        found = RelativeEnergies.of(shared, columns)
        if len(common) <= found.rank:
            raise FrameError(f"reference energies that are fitted to {len(common)} frames leave no error of energies")
        first_offset, second_offset = (float(one.mean()) for one in np.split(found.offsets, 2))
        more = found.rank, _halves(found.without), (first_offset, second_offset)
        return cls(quantity, *_halves(found.sums), *rest, *more)

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


def _halves(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2 n_seeds) of the first series, then of the second: each by itself."""
    seeds = columns.shape[1] // 2
    return columns[:, :seeds], columns[:, seeds:]


def _errors(quantity: str, comparison: Comparison) -> np.ndarray:
    """(n_frames,): sum of absolute errors of each frame, of energies the error itself; NaN where it has none."""
    import numpy as np

    if quantity == ENERGIES:
        return energy_residuals(comparison, None)
    if quantity == "forces":
        return absolute_by_frame(comparison)
    return np.abs(comparison.predicted.stresses - comparison.reference.stresses).sum(axis=1)


def common_quantities(comparisons: Sequence[Comparison]) -> tuple[str, ...]:
    """Relative energies and forces, and stress where each of the comparisons has a frame with it."""
    import numpy as np

    has_stress = all(np.isfinite(_errors("stress", one)).any() for one in comparisons)
    return (ENERGIES, "forces", "stress") if has_stress else (ENERGIES, "forces")
