"""BlockDiffusion: diffusion coefficients by Einstein's relation in overlapping blocks of a trajectory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet import InputError

if TYPE_CHECKING:
    import numpy as np

SIX = 6.0
"""MSD = 6 D t, in three dimensions."""


@dataclass(frozen=True)
class Scheme:
    """Times in fs. block: length of each. every: from one origin to the next. ballistic: at the beginning of a block,
    not fitted. equilibration: at the beginning of the trajectory, left out."""

    block: float = 100_000.0
    every: float = 10_000.0
    ballistic: float = 10_000.0
    equilibration: float = 100_000.0

    @property
    def shortest(self) -> float:
        """fs, that a trajectory must last for one block."""
        return self.equilibration + self.block


@dataclass(frozen=True, eq=False)
class SpeciesDiffusion:
    """Of one species in one trajectory.

    blocks: (n_blocks,) Å²/fs, the coefficient of each overlapping block. apart: how many blocks farther the next one
    begins that does not overlap. lags: (n_lags,) fs. msd: (n_lags,) Å², mean over blocks. molecules: how many.
    """

    blocks: np.ndarray
    apart: int
    lags: np.ndarray
    msd: np.ndarray
    molecules: int

    @property
    def coefficient(self) -> float:
        """Å²/fs, the mean over blocks."""
        return float(self.blocks.mean())

    @property
    def block_error(self) -> float | None:
        """Å²/fs, standard error over the blocks that do not overlap; None where there is one."""
        alone = self.blocks[:: self.apart]
        return float(alone.std(ddof=1)) / len(alone) ** 0.5 if len(alone) > 1 else None


class BlockDiffusion:
    """Adds up squared displacements, a frame at a time: memory is that of one block's curve and of ten sets of places.

    species: (n,) name of each molecule. interval: fs between frames. weights: (n,) u; with them the motion of the
    common center of mass is taken out. Of each block one origin, its first frame; the coefficient is a sixth of the
    slope of the line through its mean-square displacement after the ballistic beginning (Niblett et al., figure 1).
    InputError where a block has fewer than three frames to fit.
    """

    def __init__(
        self, species: Sequence[str], interval: float, scheme: Scheme, weights: np.ndarray | None = None
    ) -> None:
        import numpy as np

        self.names = sorted(set(species))
        self._of = np.array([self.names.index(name) for name in species], dtype=int)
        self._many = np.bincount(self._of, minlength=len(self.names))
        self._interval, self._weights = interval, weights
        self._length = round(scheme.block / interval)
        self._every = max(round(scheme.every / interval), 1)
        self._first = math.ceil(scheme.ballistic / interval - 1e-6)
        self._skipped = math.ceil(scheme.equilibration / interval - 1e-6)
        if self._length - self._first < 2:
            raise InputError(
                f"a block of {scheme.block:g} fs has {max(self._length - self._first + 1, 0)} frames to fit, and 3 are "
                f"needed, {interval:g} fs apart",
                hint="Raise the option `block`, or lower `ballistic`",
            )
        self._frame = 0
        self._start: np.ndarray | None = None
        self._open: list[tuple[int, np.ndarray, np.ndarray]] = []
        self._found: list[np.ndarray] = []
        self._sum = np.zeros((len(self.names), self._length + 1))
        lags = np.arange(self._length + 1) * interval
        fitted = lags[self._first :] - lags[self._first :].mean()
        self._slope = fitted / (fitted @ fitted)
        self._lags = lags

    def add(self, places: np.ndarray) -> None:
        """The unwrapped places of the next frame, (n, 3) Å."""
        import numpy as np

        if self._weights is not None:
            self._start = places if self._start is None else self._start
            drift = self._weights @ (places - self._start) / self._weights.sum()
            places = places - drift
        since = self._frame - self._skipped
        self._frame += 1
        if since < 0:
            return
        if since % self._every == 0:
            self._open.append((since, places.copy(), np.zeros((len(self.names), self._length + 1))))
        for origin, before, curve in self._open:
            squared = ((places - before) ** 2).sum(axis=1)
            curve[:, since - origin] = np.bincount(self._of, squared, minlength=len(self.names)) / self._many
        if self._open and since - self._open[0][0] == self._length:
            _, _, curve = self._open.pop(0)
            self._sum += curve
            self._found.append(curve[:, self._first :] @ self._slope / SIX)

    def of(self, name: str) -> SpeciesDiffusion | None:
        """Of a species among `names`; None where no block is complete."""
        import numpy as np

        if not self._found:
            return None
        number = self.names.index(name)
        blocks = np.array([one[number] for one in self._found])
        apart = -(-self._length // self._every)
        msd = self._sum[number] / len(self._found)
        return SpeciesDiffusion(blocks, apart, self._lags, msd, int(self._many[number]))


def exponent(found: SpeciesDiffusion) -> float | None:
    """Of the mean-square displacement, MSD ∝ tᵃ, late in a block (its second half): 1 for diffusion, 0 for no motion.

    None where it does not move at all.
    """
    import numpy as np

    late = slice(len(found.lags) // 2, None)
    if len(found.lags[late]) < 2 or not (found.msd[late] > 0).all():
        return None
    return float(np.polyfit(np.log(found.lags[late]), np.log(found.msd[late]), 1)[0])
