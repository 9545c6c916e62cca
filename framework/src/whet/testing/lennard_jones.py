"""LennardJones: a potential of known physics, to drive what needs one: engines, labelers, examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from whet.contracts.potential import Capabilities, Potential, Property
from whet.data.labels import Labels

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

SIGMA, EPSILON, CUTOFF = 3.4, 0.0104, 5.25  # Å, eV, Å: argon


class LennardJones(Potential):
    """Lennard-Jones argon, whatever the elements; energy and forces go to zero at the cutoff (5.25 Å).

    It keeps nothing between two calls, so that its answers have no history in their last bits. Minimum images: cells
    should be wider than twice the cutoff. calls: how many frames it has answered.
    """

    name = "lennard-jones"
    unpickles = False
    native_forms = ("lammps:lj/smooth/linear",)

    def __init__(self) -> None:
        super().__init__(self.Options())
        self.calls = 0

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(cutoff=CUTOFF)

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        for frame in frames:
            self.calls += 1
            energy, forces, virial = _sums(frame)
            stress = virial / frame.get_volume() if "stress" in properties and frame.pbc.all() else None
            yield Labels(energy, forces, stress)

    def native(self, form: str, folder: Path, symbols: Sequence[str]) -> Sequence[str]:
        return [f"pair_style lj/smooth/linear {CUTOFF}", f"pair_coeff * * {EPSILON} {SIGMA}"]


def _sums(atoms: Atoms) -> tuple[float, np.ndarray, np.ndarray]:
    """Energy (eV), forces (n, 3) (eV/Å) and volume × stress (3, 3) (eV)."""
    import numpy as np

    first, second = np.triu_indices(len(atoms), 1)
    apart = atoms.positions[second] - atoms.positions[first]
    if atoms.pbc.any():
        cell = atoms.cell.complete().array
        inside = apart @ np.linalg.inv(cell)
        apart = (inside - np.round(inside) * atoms.pbc) @ cell
    r = np.sqrt((apart**2).sum(axis=1))
    near = r < CUTOFF
    first, second, apart, r = first[near], second[near], apart[near], r[near]
    pair, slope = _pair(r)
    at_cutoff, slope_there = _pair(np.array(CUTOFF))
    pull = ((slope - slope_there) / r)[:, None] * apart
    forces = np.zeros((len(atoms), 3))
    np.add.at(forces, first, pull)
    np.add.at(forces, second, -pull)
    return float((pair - at_cutoff - slope_there * (r - CUTOFF)).sum()), forces, pull.T @ apart


def _pair(r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Energy of a pair, and its derivative."""
    attraction = (SIGMA / r) ** 6
    return 4 * EPSILON * attraction * (attraction - 1), -24 * EPSILON * attraction * (2 * attraction - 1) / r
