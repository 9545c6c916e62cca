"""change_points: where the level of a correlated series changes by more than its fluctuations explain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet_regimes.inefficiency import statistical_inefficiency

if TYPE_CHECKING:
    import numpy as np

FEWEST = 20
"""Independent frames below which a series is too short."""

PENALTY = (10.0, 150.0)
"""a and b of the penalty (a + b/n_eff) g σ². Chosen on 135,000 stationary first-order autoregressions (12 to 500 values,
φ from −0.4 to 0.98), of which at most 3.2 % of any kind got a change point."""

REACH = 11.0
"""The place of a change is known to so many g σ²/δ² frames (95 %): Bai, Rev. Econ. Stat. 79, 551 (1997)."""

NOTHING = 1e-6
"""In the unit of the series (meV/atom, meV/Å): fluctuations below that are rounding."""


@dataclass(frozen=True)
class ChangePoint:
    """place: number of the first value of the new level. within: values, 95 % of how far off that may be. strength:
    what the change explains, in parts of the penalty; above 1."""

    place: int
    within: float
    strength: float


@dataclass(frozen=True)
class ChangePoints:
    """found: in order. inefficiency: frames that say as much as an independent one. independent: so many there are.
    too_short: whether there are too few of them, so that nothing can be said."""

    found: Sequence[ChangePoint]
    inefficiency: float
    independent: float

    @property
    def too_short(self) -> bool:
        """Below 20 independent frames."""
        return self.independent < FEWEST


def change_points(values: np.ndarray) -> ChangePoints:
    """Binary segmentation by least squares (ruptures), with a penalty that the correlation of the series scales.

    A cut is kept where it lowers the sum of squares by more than (a + b/n_eff) g σ²: σ² and the statistical
    inefficiency g are of what is left about the two means, so that a change does not pass for correlation, and n_eff =
    n/g is the number of independent values. Each part is then looked at in the same way. A part is at least a
    twentieth of the series, and three values.
    values: (n,), in order of time. A series of fewer than 20 independent values is too short.
    """
    import numpy as np

    x = np.asarray(values, dtype=float)
    if len(x) < FEWEST:
        return ChangePoints((), 1.0, float(len(x)))
    _, _, inefficiency = _best_cut(x)
    found = tuple(_found(x, 0))
    return ChangePoints(found, inefficiency, len(x) / inefficiency)


def _found(x: np.ndarray, offset: int) -> Iterator[ChangePoint]:
    """The change points of a part that begins at an offset."""
    if len(x) < FEWEST:
        return
    cut, noise, inefficiency = _best_cut(x)
    independent = len(x) / inefficiency
    if independent < FEWEST:
        return
    a, b = PENALTY
    shift = float(x[cut:].mean() - x[:cut].mean())
    gain = shift**2 * cut * (len(x) - cut) / len(x)
    strength = gain / ((a + b / independent) * inefficiency * noise)
    if strength > 1:
        yield from _found(x[:cut], offset)
        yield ChangePoint(offset + cut, max(REACH * inefficiency * noise / shift**2, 1.0), strength)
        yield from _found(x[cut:], offset + cut)


def _best_cut(x: np.ndarray) -> tuple[int, float, float]:
    """Where two means leave least, the variance about them, and the statistical inefficiency of what is left."""
    import numpy as np
    from ruptures import KernelCPD

    search = KernelCPD(kernel="linear", min_size=max(3, len(x) // 20))  # least squares, exact, in C
    cut = int(search.fit_predict(x[:, None] - x.mean(), n_bkps=1)[0])
    rest = np.concatenate([x[:cut] - x[:cut].mean(), x[cut:] - x[cut:].mean()])
    noise = max(float(rest @ rest) / (len(x) - 2), NOTHING**2)
    return cut, noise, statistical_inefficiency(rest, means=2)
