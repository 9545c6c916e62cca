"""near_duplicates: frames that are all but the same structure as one of others, whatever file either comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

NEAR = 0.05
"""Å; the largest displacement of an atom between near-duplicates. Neighbors of one trajectory are farther apart after
some ten femtoseconds (thermal speeds are 2 to 20 Å/ps), and rattles that are worth a label are larger."""

SAME_CELL = 0.005
"""Relative change of a cell's lengths, and of its angles in radians; a tenth of an Å in a cell of 20 Å. The points of
an energy–volume curve differ by more."""

OPEN = 10.0
"""Å; stands for the cell along a direction that is not periodic."""

PROBES = 4
"""Atoms by which most pairs are told apart."""

MATCHINGS = 20_000
"""Pairs of one composition whose like atoms are matched at most."""


@dataclass(frozen=True)
class NearDuplicate:
    """Two frames that are all but the same: their indices, and the largest displacement of an atom between them, Å."""

    index: int
    other: int
    apart: float


def near_duplicates(frames: Sequence[Atoms], others: Sequence[Atoms], within: float = NEAR) -> list[NearDuplicate]:
    """For each frame that has one the first of the others from which it differs by less than `within` Å.

    Found: frames of the same atoms, periodicity and cell (lengths and angles to `SAME_CELL`) none of whose atoms is
    displaced by `within` or more, once their mean displacement is taken out: copies with fewer digits, moved or
    wrapped differently, turned together with a fully periodic cell, and relaxed or rattled by next to nothing. Like
    atoms may stand in another order, which is looked for in `MATCHINGS` pairs of a composition, those first whose
    structure factors agree.

    Not found: the same structure in another choice of cell or as a supercell, a molecule or slab that is turned, and
    neighbors of a trajectory that are farther apart. Charge, spin and labels are not looked at.
    """
    ours, theirs = _by_composition(frames), _by_composition(others)
    found: dict[int, NearDuplicate] = {}
    for key in ours.keys() & theirs.keys():
        one, other = _Alike(frames, ours[key]), _Alike(others, theirs[key])
        left = []
        for place, index in enumerate(one.indices):
            match = _first_in_order(one, place, other, within)
            if match is None:
                left.append(place)
            else:
                found[index] = NearDuplicate(index, other.indices[match[0]], match[1])
        found |= {match.index: match for match in _in_any_order(one, left, other, within)}
    return [found[index] for index in sorted(found)]


def _by_composition(frames: Sequence[Atoms]) -> dict[tuple[bytes, bytes], list[int]]:
    import numpy as np

    found: dict[tuple[bytes, bytes], list[int]] = {}
    for index, frame in enumerate(frames):
        found.setdefault((np.sort(frame.numbers).tobytes(), frame.pbc.tobytes()), []).append(index)
    return found


class _Alike:
    """Frames of one composition and periodicity, their atoms sorted by element.

    inside: (n_frames, n_atoms, 3) coordinates in units of the cell. cells: (n_frames, 3, 3) Å. shapes: (n_frames, 6)
    logarithms of the lengths, and angles in radians.
    """

    def __init__(self, frames: Sequence[Atoms], indices: Sequence[int]) -> None:
        import numpy as np

        chosen = [frames[index] for index in indices]
        self.indices = indices
        self.pbc = chosen[0].pbc.astype(float)
        order = [np.argsort(frame.numbers, kind="stable") for frame in chosen]
        self.numbers = chosen[0].numbers[order[0]]
        self.cells = np.array([_cell(frame) for frame in chosen])
        positions = np.array([frame.positions[sorting] for frame, sorting in zip(chosen, order, strict=True)])
        self.inside = positions @ np.linalg.inv(self.cells)
        lengths = np.linalg.norm(self.cells, axis=2)
        along = self.cells / lengths[:, :, None]
        pairs = ((1, 2), (0, 2), (0, 1))
        angles = np.stack([np.arccos(np.clip((along[:, i] * along[:, j]).sum(1), -1, 1)) for i, j in pairs], axis=1)
        self.shapes = np.concatenate([np.log(lengths), angles], axis=1)

    def displacements(self, others: _Alike, place: int, which: np.ndarray, atoms: int) -> np.ndarray:
        """(n_which, atoms, 3) Å: of the first atoms, from this frame to others, less that of the first one."""
        apart = others.inside[which, :atoms] - self.inside[place, :atoms]
        return _nearest(apart - apart[:, :1], self.pbc) @ self.cells[place]


def _cell(frame: Atoms) -> np.ndarray:
    """The cell with a vector of the length `OPEN` along each direction that is not periodic."""
    import numpy as np
    from ase.cell import Cell

    periodic = np.where(frame.pbc[:, None], np.asarray(frame.cell), 0.0)
    filled = Cell(periodic).complete().array
    return np.where(frame.pbc[:, None], filled, OPEN * filled)


def _nearest(inside: np.ndarray, pbc: np.ndarray) -> np.ndarray:
    """Differences in units of the cell, to the nearest image."""
    import numpy as np

    return inside - np.round(inside) * pbc


def _first_in_order(one: _Alike, place: int, other: _Alike, within: float) -> tuple[int, float] | None:
    """The first of the others that is near with the atoms in their order, and the largest displacement."""
    import numpy as np

    which = np.flatnonzero(_same_cell(one, place, other))
    for atoms in (min(PROBES, len(one.numbers)), len(one.numbers)):
        apart = one.displacements(other, place, which, atoms)
        # Two displacements that are each below `within` of their mean differ by less than twice that.
        which, apart = _those(np.linalg.norm(apart, axis=2).max(axis=1, initial=0.0) < 2 * within, which, apart)
    largest = np.linalg.norm(apart - apart.mean(axis=1, keepdims=True), axis=2).max(axis=1, initial=0.0)
    near = np.flatnonzero(largest < within)
    return (int(which[near[0]]), float(largest[near[0]])) if near.size else None


def _those(chosen: np.ndarray, *arrays: np.ndarray) -> list[np.ndarray]:
    return [array[chosen] for array in arrays]


def _same_cell(one: _Alike, place: int, other: _Alike) -> np.ndarray:
    return (abs(other.shapes - one.shapes[place]) < SAME_CELL).all(axis=1)


def _in_any_order(one: _Alike, left: Sequence[int], other: _Alike, within: float) -> Iterator[NearDuplicate]:
    """Of the frames that are left those that are near to one of the others with like atoms in another order."""
    import numpy as np

    counts = np.unique(one.numbers, return_counts=True)[1]
    if not left or counts.max() == 1:
        return
    ours, theirs = _structure_factors(one), _structure_factors(other)
    matchings = 0
    for place in left:
        unlike = abs(theirs - ours[place]).max(axis=1)
        which = np.flatnonzero(_same_cell(one, place, other) & (unlike < within))
        for match in which[np.argsort(unlike[which], kind="stable")]:
            matchings += 1
            if matchings > MATCHINGS:
                return
            apart = _matched(one, place, other, int(match), within)
            if apart is not None:
                yield NearDuplicate(one.indices[place], other.indices[match], apart)
                break


def _structure_factors(alike: _Alike) -> np.ndarray:
    """(n_frames, n_elements × n_waves) Å: moduli of each element's structure factor at long waves.

    Neither a translation nor the order of like atoms moves them. Scaled so that atoms that are displaced by `d` Å,
    each in its own direction, move them by about `d` at most.
    """
    import numpy as np

    waves = np.array([one for one in product(range(3), range(-2, 3), range(-2, 3)) if one > (0, 0, 0)])
    lengths = 2 * np.pi * np.linalg.norm(np.linalg.inv(alike.cells[0]) @ waves.T, axis=0)
    found = []
    for number in np.unique(alike.numbers):
        inside = alike.inside[:, alike.numbers == number]
        if inside.shape[1] > 1:
            factors = abs(np.exp(2j * np.pi * (inside @ waves.T)).sum(axis=1))
            found.append(factors / (lengths * inside.shape[1] ** 0.5))
    return np.concatenate(found, axis=1)


def _matched(one: _Alike, place: int, other: _Alike, match: int, within: float) -> float | None:
    """The largest displacement once like atoms are matched; None where that cannot be done within the limit."""
    import numpy as np

    numbers, counts = np.unique(one.numbers, return_counts=True)
    rarest = np.flatnonzero(one.numbers == numbers[counts.argmin()])
    ours, theirs, cell = one.inside[place], other.inside[match], one.cells[place]
    for start in rarest:
        moved = theirs - theirs[start] + ours[rarest[0]]
        apart = np.zeros_like(ours)
        for number in numbers:
            atoms = np.flatnonzero(one.numbers == number)
            between = _nearest(moved[atoms][None] - ours[atoms][:, None], one.pbc) @ cell
            distances = np.linalg.norm(between, axis=2)
            nearest = distances.argmin(axis=1)
            if distances.min(axis=1).max() >= 2 * within or len(set(nearest.tolist())) < len(atoms):
                break
            apart[atoms] = between[np.arange(len(atoms)), nearest]
        else:
            largest = float(np.linalg.norm(apart - apart.mean(axis=0), axis=1).max())
            if largest < within:
                return largest
    return None
