"""MapPoints: the points of a map, and what is known of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from whet_chemiscope.gathered import MapFrame
from whet_chemiscope.state_errors import StateErrors

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class MapPoints:
    """frames: that are drawn. atoms: of each frame those that are points; None where the frames are points."""

    frames: Sequence[MapFrame]
    atoms: Sequence[Sequence[int]] | None
    states: Sequence[StateErrors]

    @cached_property
    def places(self) -> list[tuple[int, int | None]]:
        """Of each point its frame, and the atom of it (None: the frame)."""
        if self.atoms is None:
            return [(frame, None) for frame in range(len(self.frames))]
        return [(frame, atom) for frame, atoms in enumerate(self.atoms) for atom in atoms]

    def __len__(self) -> int:
        return len(self.places)

    @property
    def of_each(self) -> Iterator[MapFrame]:
        """The frame of each point."""
        return (self.frames[frame] for frame, _ in self.places)

    @property
    def of_training(self) -> np.ndarray:
        """(n,) whether a point is of frames for training."""
        import numpy as np

        return np.array([one.is_training for one in self.of_each], dtype=bool)

    @cached_property
    def energies(self) -> list[float]:
        """Reference energy of each point's frame, eV/atom; not a number where it has no label."""
        own = [
            float(one.atoms.get_potential_energy()) / len(one.atoms) if one.is_labeled else math.nan
            for one in self.frames
        ]
        return [own[frame] for frame, _ in self.places]

    @cached_property
    def forces(self) -> list[float]:
        """Reference force, eV/Å: root mean square over a frame's components, or the length for an atom."""
        own = [one.atoms.get_forces() if one.is_labeled else None for one in self.frames]
        return [_size(own[frame], atom) for frame, atom in self.places]

    def energy_errors(self, state: StateErrors) -> list[float]:
        """Predicted less reference of each point's frame, meV/atom; not a number where there is no prediction."""
        found = [state.by_frame.get(one.key) for one in self.of_each]
        return [math.nan if one is None else one.energy for one in found]

    def force_errors(self, state: StateErrors) -> list[float]:
        """Of each point, eV/Å, measured as `forces`."""
        found = [state.by_frame.get(one.key) for one in self.frames]
        return [_size(None if (one := found[frame]) is None else one.forces, atom) for frame, atom in self.places]


def _size(vectors: np.ndarray | None, atom: int | None) -> float:
    import numpy as np

    if vectors is None:
        return math.nan
    return float(np.sqrt(np.mean(vectors**2)) if atom is None else np.linalg.norm(vectors[atom]))
