"""Structures for checks: small frames without symmetry, of elements that the backend knows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ase import Atoms

PAIRS = (("Na", "Cl"), ("Mg", "O"), ("Si", "O"), ("Cu", "Zn"), ("C", "H"), ("Ar", "Ne"))
"""Pairs that are tried first; any other is taken where none of them is known."""

SPACING = 1.05
"""Nearest distance in units of the sum of covalent radii: NaCl then has nearly its own lattice constant."""


def pair_of(known: Collection[str] | None) -> tuple[str, str]:
    """Two elements out of those that are known; the same twice where there is only one."""
    if known is None:
        return PAIRS[0]
    for pair in PAIRS:
        if set(pair) <= set(known):
            return pair
    first, *rest = sorted(known)
    return first, (rest or [first])[0]


def distance(first: str, second: str) -> float:
    """A sensible distance of two atoms, Å."""
    from ase.data import atomic_numbers, covalent_radii

    return SPACING * float(covalent_radii[atomic_numbers[first]] + covalent_radii[atomic_numbers[second]])


def crystal(pair: tuple[str, str], seed: int = 3) -> Atoms:
    """Eight atoms in a triclinic periodic cell, off their sites, well inside the cell's faces."""
    import numpy as np
    from ase import Atoms

    spacing = distance(*pair)
    sites = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    symbols = [pair[int(site.sum()) % 2] for site in sites]
    shear = np.array([[1.03, 0.10, 0.0], [0.0, 0.98, 0.13], [0.05, 0.0, 1.0]])
    atoms = Atoms(symbols, (sites + 0.5) * spacing, cell=2 * spacing * np.eye(3), pbc=True)
    atoms.set_cell(atoms.cell.array @ shear, scale_atoms=True)
    atoms.positions += np.random.default_rng(seed).uniform(-0.06, 0.06, (8, 3)) * spacing
    return atoms


def molecule(pair: tuple[str, str]) -> Atoms:
    """Four atoms without cell or symmetry."""
    import numpy as np
    from ase import Atoms

    first, second = pair
    spacing = distance(first, second)
    places = np.array([[0.0, 0.0, 0.0], [1.0, 0.05, -0.03], [-0.35, 0.95, 0.1], [0.3, -0.4, 0.9]])
    return Atoms([first, second, second, second], places * spacing)


def one_atom_cell(symbol: str) -> Atoms:
    """One atom in a sheared primitive cell: every neighbor is an image of itself."""
    import numpy as np
    from ase import Atoms

    shape = np.array([[0.0, 0.72, 0.70], [0.71, 0.0, 0.70], [0.71, 0.74, 0.0]])
    return Atoms(symbol, cell=2 * shape * distance(symbol, symbol) / 2 * 1.2, pbc=True)


def lone_atom(symbol: str) -> Atoms:
    """One atom, no cell."""
    from ase import Atoms

    return Atoms(symbol)


def dimer(pair: tuple[str, str], apart: float) -> Atoms:
    """Two atoms without a cell, `apart` Å from each other, along no axis."""
    import numpy as np
    from ase import Atoms

    along = np.array([0.36, 0.48, 0.8])
    return Atoms(pair, [[0, 0, 0], apart * along])


def boxed(atoms: Atoms, vacuum: float) -> Atoms:
    """The same atoms in the middle of a periodic box, `vacuum` Å from its faces."""
    inside = atoms.copy()
    inside.center(vacuum=vacuum)
    inside.pbc = True
    return inside


def slab(pair: tuple[str, str]) -> Atoms:
    """The crystal, periodic in two directions, with vacuum in the third."""
    atoms = crystal(pair)
    atoms.center(vacuum=8.0, axis=2)
    atoms.pbc = (True, True, False)
    return atoms


def mixed(pair: tuple[str, str]) -> Sequence[Atoms]:
    """Frames of every kind, of different sizes: what a batch must keep apart."""
    return [crystal(pair), molecule(pair), lone_atom(pair[0]), one_atom_cell(pair[0]), crystal(pair, seed=5)]
