"""DescribedFrames: the environments of a set of frames, described as often as they are looked at.

Features of a trajectory do not fit into memory, and on a disk they would be hundreds of gigabytes. So as many as there
is room for are kept, and the others are described anew each time: that costs less than to read them back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whet.contracts.descriptor import Descriptor
from whet.data.errors import InputError
from whet.data.frames import ChosenFrames

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

ROOM = 2**29
"""Bytes of features that are kept, of all sets together: with what an analysis needs besides, it stays below 2 GiB."""


@dataclass
class FeatureRoom:
    """Room in memory for features, shared by sets. left: bytes."""

    left: int = ROOM

    def takes(self, features: np.ndarray) -> bool:
        """Whether there is room for them, which is theirs then."""
        if features.nbytes > self.left:
            return False
        self.left -= features.nbytes
        return True


@dataclass(frozen=True, eq=False)
class DescribedFrames:
    """The environments of frames, one frame after the other.

    symbols: (n,) chemical symbols. frame_of: (n,) the frame of each. sizes: atoms of each frame. elements: of the whole
    study. room: for features, which may be shared with other sets.
    """

    descriptor: Descriptor
    frames: Sequence[Atoms]
    elements: Sequence[str]
    symbols: np.ndarray
    frame_of: np.ndarray
    sizes: Sequence[int]
    room: FeatureRoom
    _kept: list[np.ndarray] = field(default_factory=list)

    @classmethod
    def of(
        cls, descriptor: Descriptor, frames: Sequence[Atoms], elements: Sequence[str], room: FeatureRoom
    ) -> DescribedFrames:
        """Nothing is described yet. elements: of the whole study. InputError where there is no frame."""
        import numpy as np

        if not len(frames):
            raise InputError("there is no frame to describe")
        parts = [np.array(frame.get_chemical_symbols()) for frame in frames]
        sizes = [len(part) for part in parts]
        frame_of = np.repeat(np.arange(len(sizes)), sizes)
        return cls(descriptor, frames, elements, np.concatenate(parts), frame_of, sizes, room)

    def chunks(self) -> Iterator[np.ndarray]:
        """Features (n_atoms, p) of one frame after the other."""
        for features, _ in self.by_frame():
            yield features

    def by_frame(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Features (n_atoms, p) and symbols (n_atoms,) of one frame after the other. Features must not be changed.

        FrameError where the descriptor refuses a frame.
        """
        start = 0
        for features, size in zip(self._features(), self.sizes, strict=True):
            yield features, self.symbols[start : start + size]
            start += size

    def _features(self) -> Iterator[np.ndarray]:
        yield from (kept := tuple(self._kept))
        rest = ChosenFrames(self.frames, range(len(kept), len(self.sizes)))
        for number, features in enumerate(self.descriptor.describe(rest, self.elements), start=len(kept)):
            if number == len(self._kept) and self.room.takes(features):
                self._kept.append(features)
            yield features
