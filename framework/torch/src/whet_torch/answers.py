"""Answers: what a model says of a batch of frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Answers:
    """What a model says of a batch, float64; what was not asked for is None.

    energies: (n_frames,), eV, total. forces: (n_atoms, 3), eV/Å, of all frames in their order. stresses:
    (n_frames, 3, 3), eV/Å³, tension positive; meaningless for frames that are not periodic in all directions.
    """

    energies: Tensor
    forces: Tensor | None = None
    stresses: Tensor | None = None
