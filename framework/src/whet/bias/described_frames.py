"""DescribedFrames: the environments of a set of frames, their features in a file: they do not fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.contracts.descriptor import Descriptor
from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


@dataclass(frozen=True, eq=False)
class DescribedFrames:
    """The environments of frames, one frame after the other.

    symbols: (n,) chemical symbols. frame_of: (n,) the frame of each. path: a .npy file of features (n, p). sizes: atoms
    of each frame.
    """

    symbols: np.ndarray
    frame_of: np.ndarray
    path: Path
    sizes: Sequence[int]

    @classmethod
    def of(
        cls, descriptor: Descriptor, frames: Sequence[Atoms], elements: Sequence[str], path: Path
    ) -> DescribedFrames:
        """Describes frames into a new file. elements: of the whole study. InputError where there is no frame."""
        import numpy as np

        if not len(frames):
            raise InputError("there is no frame to describe")
        sizes = [len(frame) for frame in frames]
        file: Any = None
        start = 0
        for rows, size in zip(descriptor.describe(frames, elements), sizes, strict=True):
            if file is None:
                file = np.lib.format.open_memmap(path, "w+", dtype=np.float64, shape=(sum(sizes), rows.shape[1]))
            file[start : start + size] = rows
            start += size
        file.flush()
        symbols = np.concatenate([np.array(frame.get_chemical_symbols()) for frame in frames])
        return cls(symbols, np.repeat(np.arange(len(sizes)), sizes), path, sizes)

    def chunks(self) -> Iterator[np.ndarray]:
        """Features (n_atoms, p) of one frame after the other."""
        for features, _ in self.by_frame():
            yield features

    def by_frame(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Features (n_atoms, p) and symbols (n_atoms,) of one frame after the other."""
        import numpy as np

        features = np.load(self.path, mmap_mode="r")
        start = 0
        for size in self.sizes:
            rows = slice(start, start + size)
            yield np.asarray(features[rows], dtype=np.float64), self.symbols[rows]
            start += size
