"""Molecules: which atoms of a structure hang together by bonds, each molecule whole, and what is no molecule."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


@dataclass(frozen=True, eq=False)
class Molecules:
    """The parts of a structure that bonds hold together.

    members: of each molecule the indices of its atoms, ascending; an atom without bonds is one of its own. network:
    indices of atoms whose bonds go on through the periodic boundaries (a metal, a salt, a framework, a polymer): they
    are in no molecule. positions: (n_atoms, 3) Å, each molecule in one piece around the first of its atoms, wherever
    the boundaries cut it; the network as it was. bonds: (n_bonds, 2) indices of the
    atoms, the lower first; a pair that is bonded through two boundaries stands there twice.
    """

    members: Sequence[np.ndarray]
    network: np.ndarray
    positions: np.ndarray
    bonds: np.ndarray

    @classmethod
    def of(cls, atoms: Atoms, multiplier: float = 1.2, unbonded: Collection[str] = ()) -> Molecules:
        """By bonds as `BondTopology` has them: closer than `multiplier` times the sum of the covalent radii.

        unbonded: symbols of ions that have neighbors but no bonds (Li).
        """
        import numpy as np
        from ase.data import covalent_radii
        from ase.neighborlist import neighbor_list
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import breadth_first_order, connected_components

        first, second, images = neighbor_list("ijS", atoms, multiplier * covalent_radii[atoms.numbers])
        bonded = ~np.isin(np.array(atoms.get_chemical_symbols()), list(unbonded))
        kept = bonded[first] & bonded[second]
        first, second, images = first[kept], second[kept], images[kept]
        graph = coo_array((np.ones(len(first)), (first, second)), shape=(len(atoms), len(atoms))).tocsr()
        count, label = connected_components(graph, directed=False)
        bond = {(i, j): image for i, j, image in zip(first.tolist(), second.tolist(), images, strict=True)}
        cells = np.zeros((len(atoms), 3), dtype=int)
        for seed in [int(np.argmax(label == one)) for one in range(count)]:
            order, before = breadth_first_order(graph, seed, directed=False)
            for atom in order[1:].tolist():
                cells[atom] = cells[before[atom]] + bond[int(before[atom]), atom]
        goes_on = (cells[second] != cells[first] + images).any(axis=1)
        endless = np.unique(label[first[goes_on]])
        cells[np.isin(label, endless)] = 0
        members = [np.flatnonzero(label == one) for one in range(count) if one not in endless]
        positions = atoms.positions + cells @ atoms.cell.array
        bonds = np.stack([first, second], axis=1)[first < second]
        members.sort(key=lambda one: int(one[0]))
        return cls(members, np.flatnonzero(np.isin(label, endless)), positions, bonds)
