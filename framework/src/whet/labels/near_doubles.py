"""NearDoubles: which frames are another one but for small displacements, found in a fixed amount of memory per frame.

Of each frame up to `FEATURES` numbers are kept, not its atoms: distances between pairs of atoms, for periodic frames
along one cell direction each, which a displacement of every atom by d changes by 2d at most. Frames whose numbers
agree are candidates; whether they are near doubles their atoms decide (`is_near`). So none is reported that is none.
Turned and shifted copies are found. Missed are copies with atoms in another order or in another cell of the same
crystal, and some where more than `MOST_CANDIDATES` frames look alike.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

FEATURES, BUCKETED = 16, 5
"""Numbers that are kept of a frame, and how many of them sort it into a bucket."""

WIDTH = 5.0
"""Of a bucket, in units of what a near double may differ by."""

MOST_CANDIDATES = 200
"""Frames whose atoms are compared with those of one frame."""


class NearDoubles:
    """distance: Å by which an atom may be displaced. strain: by which a length of the cell may differ."""

    def __init__(self, distance: float = 0.01, strain: float = 0.001) -> None:
        self.distance, self.strain = distance, strain
        self._buckets: dict[bytes, array[int]] = {}
        self._rows = array("f")
        self._keys = bytearray()

    def __len__(self) -> int:
        return len(self._keys) // 16

    def find(self, frame: Atoms, lookup: Callable[[str], Atoms | None]) -> str:
        """The key of a frame that was added before and is nearly this one; empty where there is none.

        lookup: the frame of a key, where it still can be had.
        """
        return self._found(*self._features(frame), frame, lookup)

    def add(self, frame: Atoms, key: str, lookup: Callable[[str], Atoms | None] | None = None) -> str:
        """Remembers the frame under its key (32 hexadecimal digits); with `lookup` answers as `find` did before."""
        features, kind = self._features(frame)
        found = self._found(features, kind, frame, lookup) if lookup else ""
        bucket = _digest(kind, tuple(int(value // WIDTH) for value in features[:BUCKETED]))
        self._buckets.setdefault(bucket, array("l")).append(len(self))
        self._rows.extend(float(value) for value in features)
        self._keys += bytes.fromhex(key)
        return found

    def _found(self, features: np.ndarray, kind: bytes, frame: Atoms, lookup: Callable[[str], Atoms | None]) -> str:
        for place in self._candidates(features, kind):
            key = self._keys[16 * place : 16 * place + 16].hex()
            other = lookup(key)
            if other is not None and is_near(frame, other, self.distance, self.strain):
                return key
        return ""

    def _candidates(self, features: np.ndarray, kind: bytes) -> Iterator[int]:
        import numpy as np

        # A near double lies within 1 of each number, so at most one neighbor along each needs to be looked into.
        ways = [sorted({int((value - 1.05) // WIDTH), int((value + 1.05) // WIDTH)}) for value in features[:BUCKETED]]
        all_rows, found = np.frombuffer(self._rows, dtype=np.float32).reshape(-1, FEATURES), 0
        for cells in product(*ways):
            places = self._buckets.get(_digest(kind, cells))
            if places is None:
                continue
            near = np.abs(all_rows[np.asarray(places)] - features).max(axis=1) <= 1.05
            for place in np.asarray(places)[near]:
                yield int(place)
                found += 1
                if found == MOST_CANDIDATES:
                    return

    def _features(self, frame: Atoms) -> tuple[np.ndarray, bytes]:
        """(FEATURES,) numbers in units of what a near double may differ by; and what has to be equal."""
        import numpy as np

        count, values = len(frame), np.zeros(FEATURES)
        all_pairs = count * (count - 1) // 2
        is_periodic = bool(frame.pbc.any()) and frame.cell.rank == 3
        used = min(FEATURES, all_pairs * 3 if is_periodic else all_pairs)
        step = np.arange(used)
        pair = step % max(all_pairs, 1)
        axis = step % 3 if all_pairs >= FEATURES else step // max(all_pairs, 1)
        first = pair * max(count // FEATURES, 1) % count
        second = (first + 1 + pair // count) % count
        if is_periodic and used:
            inverse = np.linalg.inv(frame.cell.array)
            heights = 1 / np.linalg.norm(inverse, axis=0)
            fractional = (frame.positions[second] - frame.positions[first]) @ inverse
            height = heights[axis]
            # As |sin|: it knows no other side of the cell, and no sign.
            values[:used] = height / np.pi * np.abs(np.sin(np.pi * fractional[step, axis]))
            values[:used] /= 2 * self.distance + self.strain * height
        elif used:
            distances = np.linalg.norm(frame.positions[second] - frame.positions[first], axis=1)
            values[:used] = distances / (2 * self.distance)
        kind = frame.numbers.astype(np.int64).tobytes() + frame.pbc.tobytes()
        return values.astype(np.float32), hashlib.blake2b(kind, digest_size=12).digest()


def is_near(one: Atoms, other: Atoms, distance: float, strain: float) -> bool:
    """Whether two frames of the same atoms in the same order differ by no more than such displacements (Å).

    Of periodic frames the cells are compared by lengths and angles, the atoms in the cell of the first, less a common
    shift; of open ones all distances between atoms are (by twice as much).
    """
    import numpy as np

    if one.pbc.any() and one.cell.rank == 3 and other.cell.rank == 3:
        a, b = one.cell.cellpar(), other.cell.cellpar()
        if np.abs(a[:3] / b[:3] - 1).max() > strain or np.abs(a[3:] - b[3:]).max() > np.degrees(strain):
            return False
        shift = one.get_scaled_positions(wrap=False) - other.get_scaled_positions(wrap=False)
        shift -= np.round(shift - shift[0]) + shift[0]
        moved = (shift - shift.mean(axis=0)) @ one.cell.array
        return bool(np.linalg.norm(moved, axis=1).max() <= distance)
    return all(
        np.abs(_distances(one, index) - _distances(other, index)).max(initial=0.0) <= 2 * distance
        for index in range(len(one))
    )


def _distances(frame: Atoms, index: int) -> np.ndarray:
    import numpy as np

    return np.linalg.norm(frame.positions[index + 1 :] - frame.positions[index], axis=1)


def _digest(kind: bytes, cells: tuple[int, ...]) -> bytes:
    return hashlib.blake2b(kind + repr(cells).encode(), digest_size=12).digest()
