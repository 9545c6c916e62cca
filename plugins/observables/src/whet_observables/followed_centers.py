"""FollowedCenters: the centers of mass of a trajectory's molecules, frame by frame, through periodic boundaries."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from pydantic import Field

from whet import InputError, Options, SampledTrajectory

if TYPE_CHECKING:
    import numpy as np


class CentersOptions(Options):
    """Which frames are left out, what is a molecule, and whether all of them together may move."""

    equilibration: float = Field(default=100_000.0, ge=0)
    """fs; left out at the beginning of each trajectory."""
    unbonded: list[str] = Field(default=[])
    """Symbols of ions that have neighbors but no bonds (`[Li]`); for what counts as a molecule."""
    keep_drift: bool = False
    """Whether the motion of the common center of mass counts as diffusion."""


class FollowedCenters:
    """Iterates over the places of the centers in the first `count` frames, (n_molecules, 3) Å, unwrapped; once.

    InputError where a frame is not periodic in all directions, FrameError where it has other atoms.
    """

    def __init__(self, run: SampledTrajectory, count: int, options: CentersOptions) -> None:
        from whet_observables.molecules import Molecules
        from whet_observables.unwrapping import Unwrapped

        self.molecules = Molecules.in_start(run.start, options.unbonded)
        self._frames = islice(run.frames, count)
        self._unwrapped = Unwrapped()

    def __iter__(self) -> Iterator[np.ndarray]:
        for frame in self._frames:
            if not frame.pbc.all():
                raise InputError("a diffusion coefficient needs frames that are periodic in all directions")
            yield self._unwrapped.add(self.molecules.centers(frame), frame.cell.array)

    @property
    def is_doubtful(self) -> bool:
        """Whether frames are so far apart that a step may have been taken for one the other way round."""
        return self._unwrapped.is_doubtful
