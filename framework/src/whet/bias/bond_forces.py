"""BondForces: the part of forces that stretches each bond of the molecules of a frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from whet.data.topology import BondTopology

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

STRAIGHT = 170.0
"""Degrees; a wider angle pushes its atoms across its bonds, not along them, and has no direction of its own."""


@dataclass(frozen=True, eq=False)
class BondForces:
    """kinds: (n_bonds,) as `BondTopology` has them. lengths: (n_bonds,) Å. along: (k, n_bonds) eV/Å, of k sets of
    forces: negative where they pull the two atoms together. networks: kinds of bonds that were left out, as they
    join atoms to their own periodic images."""

    kinds: np.ndarray
    lengths: np.ndarray
    along: np.ndarray
    networks: frozenset[str] = frozenset()


def bond_forces(frame: Atoms, forces: Sequence[np.ndarray], topology: BondTopology | None = None) -> BondForces:
    """Of the bonds of a frame. forces: (n_atoms, 3) eV/Å each. topology: default, the frame's own.

    FrameError as `BondTopology.of`.

    Forces of a molecule are written as a sum of stretches of its bonds and bends of its angles, F = Bᵀq with Wilson's
    B (Wilson, Decius & Cross, Molecular Vibrations, 1955, chapter 4), by least squares; q of the bonds is what is
    asked for. For two atoms that is ½(F_j − F_i)·r̂. For more of them ½(F_j − F_i)·r̂ would also hold a share of each
    neighboring bond: a minimum of C–O that is displaced would displace those of the C–H bonds beside it.

    Bonds of networks are left out: evenly stretched, they leave no force on any atom, so forces do not tell their
    minima. In rings, what belongs to bonds and what to angles is not unique; the smallest q is taken.
    """
    import numpy as np
    from ase.geometry import find_mic

    topology = topology or BondTopology.of(frame)
    if not len(topology.pairs):
        return BondForces(topology.kinds, np.zeros(0), np.zeros((len(forces), 0)))
    apart = frame.positions[topology.pairs[:, 1]] - frame.positions[topology.pairs[:, 0]]
    vectors, lengths = find_mic(apart, frame.cell, frame.pbc)  # pyright: ignore[reportArgumentType]
    given = np.stack(forces, axis=2)
    along = np.full((len(forces), len(lengths)), np.nan)
    for part in _molecules(topology.pairs.tobytes(), len(frame)):
        if not _is_network(part, vectors):
            along[:, part.bonds] = _stretches(part, vectors[part.bonds], given[part.atoms]).T
    whole = np.isfinite(along).all(axis=0)
    networks = frozenset(topology.kinds[~whole].tolist())
    return BondForces(topology.kinds[whole], lengths[whole], along[:, whole], networks)


@dataclass(frozen=True, eq=False)
class _Molecule:
    """atoms, bonds: which of the frame. pairs: (n_bonds, 2) places in atoms. angles: (first bond, second bond, their
    common atom) in places. tree: (known atom, next atom, bond, sign), from the first atom to all others."""

    atoms: np.ndarray
    bonds: np.ndarray
    pairs: np.ndarray
    angles: tuple[tuple[int, int, int], ...]
    tree: tuple[tuple[int, int, int, int], ...]


@lru_cache(maxsize=64)
def _molecules(pairs_as_bytes: bytes, n_atoms: int) -> tuple[_Molecule, ...]:
    """The molecules of a topology; frames of a trajectory share it."""
    import numpy as np

    pairs = np.frombuffer(pairs_as_bytes, dtype=np.int64).reshape(-1, 2)
    neighbors: list[list[tuple[int, int, int]]] = [[] for _ in range(n_atoms)]
    for bond, (i, j) in enumerate(pairs.tolist()):
        neighbors[i].append((j, bond, 1))
        neighbors[j].append((i, bond, -1))
    found, seen = [], set()
    for first in range(n_atoms):
        if first in seen or not neighbors[first]:
            continue
        place, tree, queue = {first: 0}, [], deque([first])
        while queue:
            atom = queue.popleft()
            for other, bond, sign in neighbors[atom]:
                if other not in place:
                    place[other] = len(place)
                    tree.append((place[atom], place[other], bond, sign))
                    queue.append(other)
        seen |= set(place)
        bonds = sorted({bond for atom in place for _, bond, _ in neighbors[atom]})
        local = {bond: number for number, bond in enumerate(bonds)}
        ends = np.array([[place[atom] for atom in pairs[bond].tolist()] for bond in bonds])
        angles = []
        for atom in place:
            around = neighbors[atom]
            for number, (one, bond, _) in enumerate(around):
                for two, other, _ in around[number + 1 :]:
                    if all(one != third for third, _, _ in neighbors[two]):  # not in a ring of three
                        angles.append((local[bond], local[other], place[atom]))
        found.append(_Molecule(np.array(list(place)), np.array(bonds), ends, tuple(angles), tuple(tree)))
    return tuple(found)


def _is_network(part: _Molecule, vectors: np.ndarray) -> bool:
    """Whether its bonds lead from an atom to an image of it: then they do not close around the unwrapped atoms."""
    import numpy as np

    if len(part.bonds) < len(part.atoms):
        return False  # no ring, so no way back
    places = np.zeros((len(part.atoms), 3))
    for known, following, bond, sign in part.tree:
        places[following] = places[known] + sign * vectors[bond]
    off = places[part.pairs[:, 1]] - places[part.pairs[:, 0]] - vectors[part.bonds]
    return bool(np.abs(off).max() > 1e-3)


def _stretches(part: _Molecule, vectors: np.ndarray, forces: np.ndarray) -> np.ndarray:
    """(n_bonds, k): q of the bonds, from forces (n_atoms, 3, k)."""
    import numpy as np

    n_bonds, lengths = len(vectors), np.linalg.norm(vectors, axis=1)
    along = vectors / lengths[:, None]
    b = np.zeros((n_bonds + len(part.angles), len(part.atoms), 3))
    for bond, (i, j) in enumerate(part.pairs):
        b[bond, i], b[bond, j] = -along[bond], along[bond]
    for row, (one, two, center) in enumerate(part.angles, n_bonds):
        ends = [part.pairs[bond] for bond in (one, two)]
        u, v = (along[bond] * (1 if pair[0] == center else -1) for bond, pair in zip((one, two), ends, strict=True))
        cosine = float(u @ v)
        if cosine < np.cos(np.radians(STRAIGHT)):
            continue
        for bond, pair, own, other in ((one, ends[0], u, v), (two, ends[1], v, u)):
            across = (cosine * own - other) / (lengths[bond] * np.sqrt(1 - cosine**2))
            b[row, pair[0] + pair[1] - center] += across
            b[row, center] -= across
    solved = np.linalg.lstsq(b.reshape(len(b), -1).T, forces.reshape(-1, forces.shape[2]), rcond=1e-6)[0]
    return solved[:n_bonds]
