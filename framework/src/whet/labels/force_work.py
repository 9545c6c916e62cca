"""ForceWork: whether energies change as the forces and stresses of the same labels say, from one frame to the next."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from whet.data.labels import Labels
from whet.data.units import ENERGY_UNITS, FORCE_UNITS, STRESS_UNITS

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

FARTHEST, LARGEST_STRAIN = 1.0, 0.1
"""Å that an atom moves, and the strain of the cell, between frames that are compared: over more, the mean of the forces
at both ends is no measure of those between them."""

FEWEST = 10
"""Pairs of frames from which anything is concluded."""

ALIKE = 0.7
"""Uncentred R² from which on energies follow the work, up to its factors."""

KNOWN = 0.15
"""Relative standard error below which a factor is known."""

LEAST, MOST = 0.25, 4.0
"""Between these a factor may be one: where frames lie far apart the trapezoid overestimates the work."""

KEPT = 1000
"""Kinds of frames of which the last one is kept: frames of one kind stand near each other in files."""

NEAR, BELOW = 1.5, 2.0
"""How far a factor may be from that of a unit; that of the forces may be smaller, for the same reason."""


class ForceWork:
    """Takes one labeled frame after the other, and keeps the last one of each kind.

    Between two frames of the same atoms ΔE = a W_F + b W_σ, with the trapezoid of the work of minus the forces along
    the displacements and of the stress along the strain. Labels that belong together have a = b = 1, whatever made
    them; no potential is asked.
    """

    def __init__(self) -> None:
        self._last: dict[bytes, tuple[Atoms, Labels]] = {}
        self._rows = array("d")

    def add(self, frame: Atoms, labels: Labels) -> None:
        """Takes one more labeled frame into account."""
        key = frame.numbers.tobytes() + frame.pbc.tobytes()
        before = self._last.pop(key, None)
        self._last[key] = frame, labels
        if len(self._last) > KEPT:
            del self._last[next(iter(self._last))]
        if before is not None and (row := _row(*before, frame, labels)) is not None:
            self._rows.extend(row)

    def said(self) -> tuple[str, str] | None:
        """What does not belong together, one word for programs and a clause; None where nothing is known against it."""
        import numpy as np

        rows = np.frombuffer(self._rows).reshape(-1, 5)
        forces, stresses = _factors(rows)
        if forces is not None and not LEAST <= forces <= MOST:
            return "forces-and-energies", _clause("forces", forces, _about_forces(forces, rows), len(rows))
        if stresses is not None and not LEAST <= stresses <= MOST:
            return "stresses-and-energies", _clause("stresses", stresses, _about_stresses(stresses), len(rows))
        return None


def _clause(what: str, factor: float, guesses: list[str], pairs: int) -> str:
    return (
        f"energies and {what} do not belong together: the energy changes by {factor:.3g} times the work of the {what} "
        f"({pairs} pairs of like frames): {', or '.join(guesses) or 'other units, or another theory'}?"
    )


def _about_forces(factor: float, rows: np.ndarray) -> list[str]:
    import numpy as np

    if factor < 0:
        return ["forces with the sign of gradients"]
    each, _ = _factors(np.column_stack([rows[:, 0] * rows[:, 3], rows[:, 1:]]))
    per_atom = ["energies per atom"] if each is not None and 1 / BELOW <= each <= NEAR else []
    forces = [f"forces in {unit}" for unit, one in FORCE_UNITS.items() if 1 / BELOW <= factor / one <= NEAR]
    energies = [f"energies in {unit}" for unit, one in ENERGY_UNITS.items() if 1 / BELOW <= factor * one <= NEAR]
    return [*per_atom, *forces, *energies]


def _about_stresses(factor: float) -> list[str]:
    if factor < 0:
        return ["stresses of the opposite sign"]
    return [f"stresses in {unit}" for unit, one in STRESS_UNITS.items() if 1 / NEAR <= factor / one <= NEAR]


def _row(first: Atoms, before: Labels, second: Atoms, after: Labels) -> tuple[float, float, float, float, float] | None:
    """eV that the energy changes by, eV of work of the forces and of the stress, atoms, and Å that the farthest moves;
    None where that says nothing."""
    import numpy as np

    cells = np.asarray(first.cell), np.asarray(second.cell)
    is_strained = bool(np.abs(cells[1] - cells[0]).max() > 1e-6)
    if first.cell.rank < 3:
        if is_strained or first.pbc.any():
            return None
        moved, work = second.positions - first.positions, 0.0
    else:
        scaled = second.get_scaled_positions(wrap=False) - first.get_scaled_positions(wrap=False)
        scaled -= np.round(scaled) * first.pbc
        moved, work = scaled @ (cells[0] + cells[1]) / 2, 0.0
        if is_strained:
            change = np.linalg.solve(cells[0], cells[1])
            if before.stress is None or after.stress is None or not first.pbc.all():
                return None
            if np.abs(change - np.eye(3)).max() > LARGEST_STRAIN:
                return None
            # To second order the strain does not depend on which of both is the first.
            strain = 2 * np.linalg.solve((change + np.eye(3)).T, (change - np.eye(3)).T).T
            stress = (abs(first.cell.volume) * before.stress + abs(second.cell.volume) * after.stress) / 2
            work = float(np.sum(stress * strain))
    farthest = float(np.linalg.norm(moved, axis=1).max(initial=0.0))
    is_moved = farthest > 1e-3
    if farthest > FARTHEST or not (is_moved or is_strained):
        return None
    forces = -float(np.sum((before.forces + after.forces) / 2 * moved)) if is_moved else 0.0
    return after.energy - before.energy, forces, work, float(len(first)), farthest


def _factors(rows: np.ndarray) -> tuple[float | None, float | None]:
    """a and b, each None where it is not known. rows: (n_pairs, 5) as of `_row`."""
    import numpy as np

    if len(rows) < FEWEST:
        return None, None
    used = [column for column in (1, 2) if np.count_nonzero(rows[:, column]) >= FEWEST]
    works, changes = rows[:, used], rows[:, 0]
    if not used or not np.isfinite(rows).all():
        return None, None
    weights = 1 / np.sqrt(rows[:, 3]) / np.maximum(rows[:, 4], 0.05)  # the farther apart, the worse the trapezoid
    works, changes = works * weights[:, None], changes * weights
    found, *_ = np.linalg.lstsq(works, changes, rcond=None)
    rest, whole = float(np.sum((changes - works @ found) ** 2)), float(np.sum(changes**2))
    if whole == 0 or 1 - rest / whole < ALIKE:
        return None, None
    errors = np.sqrt(np.diag(np.linalg.pinv(works.T @ works)) * rest / max(len(rows) - len(used), 1))
    known = {c: float(f) for c, f, e in zip(used, found, errors, strict=True) if f != 0 and e < KNOWN * abs(f)}
    return known.get(1), known.get(2)
