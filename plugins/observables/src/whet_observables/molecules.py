"""Molecules: which atoms belong together, and where their centers of mass are in every frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet import BondTopology, FrameError

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


NOBLE = frozenset(("He", "Ne", "Ar", "Kr"))
"""Elements that are never bonded; xenon and radon may be."""


@dataclass(frozen=True, eq=False)
class Molecules:
    """Groups of bonded atoms of a starting structure.

    of: (n_atoms,) number of the molecule of each atom. species: of each molecule, its formula. steps: from which atoms
    to which one goes along bonds. note: why atoms stand alone, a sentence; empty where they do not. Those of a bonded
    network that has no end (a crystal) do, each of the species of its element.
    """

    numbers: np.ndarray
    masses: np.ndarray
    of: np.ndarray
    species: Sequence[str]
    steps: Sequence[tuple[np.ndarray, np.ndarray]]
    note: str = ""

    @classmethod
    def in_start(cls, start: Atoms, unbonded: Collection[str] = ()) -> Molecules:
        """By covalent radii (`BondTopology`). unbonded: ions that have neighbors but no bonds, as noble gases."""
        import numpy as np

        try:
            pairs = BondTopology.of(start, unbonded={*unbonded, *NOBLE}).pairs
        except FrameError:
            return cls._alone(start, "An atom is bonded to two images of another, so each atom stands alone.")
        labels, steps, endless = _walk(start, pairs)
        if endless:
            endless_atoms = np.isin(labels, sorted(endless))
            kept = pairs[~endless_atoms[pairs[:, 0]]]
            labels, steps, _ = _walk(start, kept)
            note = f"{int(endless_atoms.sum())} atoms of a bonded network without end stand alone, by element."
        else:
            note = ""
        symbols = start.get_chemical_symbols()
        species = []
        for number in range(int(labels.max()) + 1 if len(labels) else 0):
            found = Counter(symbols[atom] for atom in np.flatnonzero(labels == number))
            species.append("".join(f"{symbol}{count if count > 1 else ''}" for symbol, count in sorted(found.items())))
        return cls(start.numbers.copy(), start.get_masses(), labels, species, steps, note)

    @classmethod
    def _alone(cls, start: Atoms, note: str) -> Molecules:
        import numpy as np

        count = len(start)
        return cls(start.numbers.copy(), start.get_masses(), np.arange(count), start.get_chemical_symbols(), (), note)

    @property
    def are_single_atoms(self) -> bool:
        """Whether no two atoms are of one molecule."""
        return len(self.species) == len(self.of)

    @property
    def names(self) -> list[str]:
        """The species, in alphabetical order."""
        return sorted(set(self.species))

    def centers(self, frame: Atoms) -> np.ndarray:
        """(n_molecules, 3) Å: centers of mass of molecules made whole along their bonds, wherever in space they are.

        FrameError where the frame has other atoms.
        """
        import numpy as np

        if not np.array_equal(frame.numbers, self.numbers):
            raise FrameError("a frame has other atoms than the starting structure")
        cell = frame.cell.array
        inverse = np.linalg.inv(cell) if frame.pbc.all() else None
        whole = frame.positions.copy()
        for before, after in self.steps:
            apart = whole[after] - whole[before]
            if inverse is not None:
                apart -= np.rint(apart @ inverse) @ cell
            whole[after] = whole[before] + apart
        count = len(self.species)
        weights = np.bincount(self.of, self.masses, minlength=count)
        sums = [np.bincount(self.of, self.masses * whole[:, axis], minlength=count) for axis in range(3)]
        return np.stack(sums, axis=1) / weights[:, None]

    @property
    def weights(self) -> np.ndarray:
        """(n_molecules,) u."""
        import numpy as np

        return np.bincount(self.of, self.masses, minlength=len(self.species))


def _walk(start: Atoms, pairs: np.ndarray) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]], set[int]]:
    """(n_atoms,) numbers of connected parts; from which atoms to which to go, step by step, so that each part is whole;
    and the parts that, going round, end in an image of where they began."""
    import numpy as np
    from ase.geometry import find_mic

    count = len(start)
    neighbors: list[list[int]] = [[] for _ in range(count)]
    for one, other in pairs.tolist():
        neighbors[one].append(other)
        neighbors[other].append(one)
    labels, places = np.full(count, -1), start.positions.copy()
    levels: dict[int, list[tuple[int, int]]] = {}
    part = 0
    for root in range(count):
        if labels[root] >= 0:
            continue
        labels[root], edge, depth = part, [root], 0
        while edge:
            reached = []
            for atom in edge:
                for other in neighbors[atom]:
                    if labels[other] < 0:
                        labels[other] = part
                        levels.setdefault(depth, []).append((atom, other))
                        reached.append(other)
            edge, depth = reached, depth + 1
        part += 1
    steps = []
    for _, edges in sorted(levels.items()):
        before, after = np.array(edges).T
        apart = find_mic(places[after] - places[before], start.cell, start.pbc)[0]  # pyright: ignore[reportArgumentType]
        places[after] = places[before] + apart
        steps.append((before, after))
    endless: set[int] = set()
    if len(pairs):
        straight = places[pairs[:, 1]] - places[pairs[:, 0]]
        nearest = find_mic(straight, start.cell, start.pbc)[0]  # pyright: ignore[reportArgumentType]
        off = np.abs(straight - nearest).max(axis=1) > 1e-6
        endless = {int(labels[atom]) for atom in pairs[off, 0]}
    return labels, steps, endless
