"""Frames: `ase.Atoms` is the only structure type; a FrameSet is an immutable sequence of them with an identity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from whet.data.errors import FrameError, InputError
from whet.data.frame_identity import frame_key
from whet.data.identity import key_of

if TYPE_CHECKING:
    from ase import Atoms


def boxed(atoms: Atoms, vacuum: float) -> Atoms:
    """The frame for a model that knows periodic structures only: itself where it is periodic, else a copy with vacuum.

    vacuum: Å, on either side along the open directions; above half a model's cutoff no atom sees an image there, and
    the answer is exact. Raises FrameError for a cell without a volume.
    """
    if not atoms.pbc.all():
        atoms = atoms.copy()
        atoms.calc = None
        atoms.center(vacuum=vacuum, axis=[axis for axis in range(3) if not atoms.pbc[axis]])
        atoms.pbc = True
    if not abs(atoms.cell.volume) > 1e-6:
        raise FrameError(f"the cell of {atoms.get_chemical_formula()} has no volume")
    return atoms


class ChosenFrames(Sequence["Atoms"]):
    """Those frames of a sequence that stand at `indices`, each read when it is asked for."""

    def __init__(self, frames: Sequence[Atoms], indices: Sequence[int]) -> None:
        self._frames, self.indices = frames, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return ChosenFrames(self._frames, self.indices[place])
        return self._frames[self.indices[place]]

    def __iter__(self) -> Iterator[Atoms]:
        return (self._frames[index] for index in self.indices)


class FrameSet(Sequence["Atoms"]):
    """An immutable sequence of frames, each perhaps carrying labels (see `Labels.of`)."""

    def __init__(self, frames: Iterable[Atoms]) -> None:
        self._frames: Sequence[Atoms] = tuple(frames)

    @classmethod
    def lazily(cls, frames: Sequence[Atoms]) -> FrameSet:
        """The frames of a sequence that reads each when it is asked for, and must not change."""
        found = cls(())
        found._frames = frames
        return found

    @overload
    def __getitem__(self, index: int) -> Atoms: ...
    @overload
    def __getitem__(self, index: slice) -> FrameSet: ...
    def __getitem__(self, index: int | slice) -> Atoms | FrameSet:
        return FrameSet(self._frames[index]) if isinstance(index, slice) else self._frames[index]

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Atoms]:
        return iter(self._frames)

    def __add__(self, other: Iterable[Atoms]) -> FrameSet:
        return FrameSet((*self._frames, *other))

    @property
    def key(self) -> str:
        """Identity of the frames in their order (labels do not enter)."""
        return key_of([frame_key(frame) for frame in self._frames])

    @property
    def elements(self) -> tuple[str, ...]:
        """Every chemical symbol in the set, in alphabetical order."""
        return tuple(sorted({symbol for frame in self._frames for symbol in frame.get_chemical_symbols()}))

    def take(self, indices: Iterable[int]) -> FrameSet:
        """The frames at these indices, in that order."""
        return FrameSet(self._frames[index] for index in indices)

    def unique(self) -> FrameSet:
        """Each frame once, in order of first appearance."""
        first: dict[str, Atoms] = {}
        for frame in self._frames:
            first.setdefault(frame_key(frame), frame)
        return FrameSet(first.values())

    def split(
        self, fractions: Sequence[float], *, seed: int, group_by: Callable[[Atoms], object] | None = None
    ) -> tuple[FrameSet, ...]:
        """Random disjoint parts of the given fractions (sum 1); frames of one group stay together.

        Every part with a fraction above zero gets at least one group where there are enough of them; where there are
        not, the first part comes first.
        InputError where the fractions do not add up to one.
        """
        import numpy as np

        if abs(sum(fractions) - 1) > 1e-9 or any(fraction < 0 for fraction in fractions):
            raise InputError(f"fractions {list(fractions)} do not add up to 1")
        groups: dict[object, list[int]] = {}
        for index, frame in enumerate(self._frames):
            groups.setdefault(group_by(frame) if group_by else index, []).append(index)
        members = list(groups.values())
        order = np.random.default_rng(seed).permutation(len(members))
        counts = _shares(len(members), fractions)
        parts, start = [], 0
        for count in counts:
            chosen = sorted(index for place in order[start : start + count] for index in members[place])
            parts.append(self.take(chosen))
            start += count
        return tuple(parts)


def _shares(total: int, fractions: Sequence[float]) -> list[int]:
    """Whole numbers that add up to `total`, near `fractions`, none of them zero where that can be avoided."""
    counts = [int(total * fraction) for fraction in fractions]
    by_remainder = sorted(range(len(fractions)), key=lambda i: counts[i] - total * fractions[i])
    for place in by_remainder[: total - sum(counts)]:
        counts[place] += 1
    for place, fraction in enumerate(fractions):
        largest = max(range(len(counts)), key=counts.__getitem__)
        if fraction > 0 and counts[place] == 0 and counts[largest] > 1:
            counts[place], counts[largest] = 1, counts[largest] - 1
    if fractions and fractions[0] > 0 and counts[0] == 0 and total:
        largest = max(range(len(counts)), key=counts.__getitem__)
        counts[0], counts[largest] = 1, counts[largest] - 1
    return counts
