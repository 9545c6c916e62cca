"""Overlap: which frames of one set are among those of another, exactly or nearly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from whet.data.frame_identity import frame_key
from whet.labels.near_duplicates import NearDuplicate, near_duplicates

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Overlap:
    """same: indices of the frames whose `frame_key` is among the others'. near: the rest that has near-duplicates."""

    total: int
    same: Sequence[int]
    near: Sequence[NearDuplicate]

    @classmethod
    def of(cls, frames: Sequence[Atoms], others: Sequence[Atoms]) -> Self:
        """The frames that are among the others, and those that are nearly (see `near_duplicates`, also for what not).

        Sets without an element in common cost next to nothing.
        """
        known = {frame_key(other) for other in others}
        keys = [frame_key(frame) for frame in frames]
        same = [index for index, key in enumerate(keys) if key in known]
        rest = [index for index, key in enumerate(keys) if key not in known]
        found = near_duplicates([frames[index] for index in rest], others)
        return cls(len(keys), same, [NearDuplicate(rest[one.index], one.other, one.apart) for one in found])

    def said(self, are: str, nearly: str, frames: str = "frames") -> Iterator[tuple[str, Sequence[int]]]:
        """A sentence for each kind of overlap that there is, and the indices of the frames, the exact one first.

        are, nearly: what follows the number of frames in each (`are training frames of x.extxyz`).
        """
        if self.same:
            yield f"{len(self.same)} of its {self.total} {frames} {are}", self.same
        if self.near:
            apart = max(one.apart for one in self.near)
            limit = f"no atom is displaced by more than {max(apart, 0.001):.3f} Å"
            yield f"{len(self.near)} of its {self.total} {frames} {nearly}: {limit}", [one.index for one in self.near]
