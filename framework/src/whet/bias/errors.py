"""Errors: mean absolute and root-mean-square errors of energy, forces and stress, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.pairs import Comparison, LeftOut
from whet.bias.resampling import Resampling, interval_json
from whet.bias.robust_slope import is_still
from whet.bias.sampler import MINIMUM
from whet.bias.symmetric_sites import zero_by_symmetry
from whet.contracts.findings import Interval
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.identity import JSON

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Deviation:
    """How far predictions are from the reference; `unit` holds for all numbers.

    mae = Σ|x|/n and rmse = √(Σx²/n), over all n differences x = predicted − reference.
    frames: that have the quantity. values: numbers compared (components, or frames for the energy).
    """

    mae: float
    rmse: float
    mae_interval: Interval
    rmse_interval: Interval
    unit: str
    frames: int
    values: int

    def as_json(self) -> dict[str, JSON]:
        """Plain data.

        | key                          | value                                     |
        |------------------------------|-------------------------------------------|
        | mae, rmse                    | in `unit`                                 |
        | mae_interval, rmse_interval  | [low, high] in `unit`, or null            |
        | unit                         | `meV/atom`, `eV/Å` or `eV/Å³`             |
        | frames, values               | counts                                    |
        """
        return {
            "mae": self.mae,
            "rmse": self.rmse,
            "mae_interval": interval_json(self.mae_interval),
            "rmse_interval": interval_json(self.rmse_interval),
            "unit": self.unit,
            "frames": self.frames,
            "values": self.values,
        }


@dataclass(frozen=True)
class Errors:
    """Errors of one potential on one set of frames (Wong & Yang, eqs. 1–3).

    Forces also in parts of the reference's: √(Σ(p − f)²/Σf²).

    energy_raw: energies as predicted. energy_fitted_here: after adding per-element reference energies fitted on these
    very frames (so an optimistic number). energy_given: after adding reference energies that were fitted elsewhere, to
    the elements that they have; None where none were given. stress: None where no frame has both.
    relative_force_rmse: RMSE over the root mean square of the reference components; None where these are all zero, or
    zero by symmetry, and of relaxed structures.
    """

    energy_raw: Deviation
    energy_fitted_here: Deviation
    energy_given: Deviation | None
    forces: Deviation
    forces_by_element: Mapping[str, Deviation]
    relative_force_rmse: float | None
    stress: Deviation | None
    frames: int
    left_out: tuple[LeftOut, ...]
    correction: str


def errors(
    comparison: Comparison, given: ReferenceEnergies | None = None, resampling: Resampling | None = None
) -> Errors:
    """All errors of a comparison.

    given: reference energies (label − prediction) fitted elsewhere, on training frames. The intervals of
    aligned energies hold the fitted shift fixed.
    """
    import numpy as np

    draws = resampling or Resampling()
    fitted = fitted_energies(comparison)
    true = comparison.reference.forces
    off = comparison.predicted.forces - true
    forces = _over_atoms(comparison, off, np.ones(len(off), dtype=bool), draws)
    return Errors(
        energy_raw=_energy(comparison, None, draws),
        energy_fitted_here=_energy(comparison, fitted, draws),
        energy_given=None if given is None else _energy(comparison, given, draws),
        forces=forces,
        forces_by_element={
            symbol: _over_atoms(comparison, off, comparison.symbols == symbol, draws) for symbol in comparison.elements
        },
        relative_force_rmse=None
        if is_still(true) or comparison.sampler == MINIMUM or zero_by_symmetry(comparison)
        else forces.rmse / float(np.sqrt(np.mean(true**2))),
        stress=_stress(comparison, draws),
        frames=len(comparison),
        left_out=comparison.left_out,
        correction=comparison.correction,
    )


def fitted_energies(comparison: Comparison) -> ReferenceEnergies:
    """Reference energies that are fitted on the very frames: errors after them flatter."""
    labels, predictions = comparison.reference.energies.tolist(), comparison.predicted.energies.tolist()
    return ReferenceEnergies.fit(comparison.frames, labels, predictions)


def energy_residuals(comparison: Comparison, alignment: ReferenceEnergies | None) -> np.ndarray:
    """(E_predicted + shift − E_reference) / n_atoms of each frame, (n_frames,) meV/atom."""
    import numpy as np

    shift = np.array([0.0 if alignment is None else alignment.of(frame) for frame in comparison.frames])
    off = comparison.predicted.energies + shift - comparison.reference.energies
    return 1000 * off / comparison.n_atoms


def _energy(comparison: Comparison, alignment: ReferenceEnergies | None, draws: Resampling) -> Deviation:
    return _deviation(energy_residuals(comparison, alignment)[:, None], comparison.units, "meV/atom", draws)


def _stress(comparison: Comparison, draws: Resampling) -> Deviation | None:
    import numpy as np

    off = comparison.predicted.stresses - comparison.reference.stresses
    both = np.isfinite(off).all(axis=1)
    return _deviation(off[both], comparison.units[both], "eV/Å³", draws) if both.any() else None


def _over_atoms(comparison: Comparison, off: np.ndarray, chosen: np.ndarray, draws: Resampling) -> Deviation:
    """Deviation of force components, eV/Å, over the chosen atoms: (sum n_atoms,) bool."""
    import numpy as np

    per_atom = np.stack([np.abs(off).sum(axis=1), (off**2).sum(axis=1), np.full(len(off), 3.0)], axis=1)
    rows = comparison.sum_by_frame(per_atom * chosen[:, None])
    some = rows[:, 2] > 0
    return _from_rows(rows[some], comparison.units[some], "eV/Å", draws)


def _deviation(off: np.ndarray, units: np.ndarray, unit: str, draws: Resampling) -> Deviation:
    """Deviation from differences (n_frames, k) of frames of these independent units (n_frames,)."""
    import numpy as np

    count = np.full(len(off), float(off.shape[1]))
    return _from_rows(np.stack([np.abs(off).sum(axis=1), (off**2).sum(axis=1), count], axis=1), units, unit, draws)


def _from_rows(rows: np.ndarray, units: np.ndarray, unit: str, draws: Resampling) -> Deviation:
    """Deviation from each frame's sums (n_frames, 3): of absolute values, of squares, and the count."""
    import numpy as np

    absolute, squares, count = rows.sum(axis=0)
    return Deviation(
        mae=float(absolute / count),
        rmse=float(np.sqrt(squares / count)),
        mae_interval=draws.interval(rows, lambda sums: sums[:, 0] / sums[:, 2], units),
        rmse_interval=draws.interval(rows, lambda sums: np.sqrt(sums[:, 1] / sums[:, 2]), units),
        unit=unit,
        frames=len(rows),
        values=int(count),
    )
