"""change_points: where the level of a correlated series changes by more than its fluctuations explain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from whet_regimes.inefficiency import statistical_inefficiency

if TYPE_CHECKING:
    import numpy as np

FEWEST = 20
"""Independent frames below which a series is too short."""

PENALTY = (14.0, 100.0)
"""a and b of the penalty (a + b/n_eff) g σ²."""

WANDERING = (100.0, 3000.0)
"""a and b of the least self-normalized statistic of a change, a + b/n (Shao and Zhang, J. Am. Stat. Assoc. 105, 1228
(2010)). Its 5 % level in long series, 40.1, is far too low in short ones."""

IN_PARTS = 1.5
"""By so much both limits are higher where a change is looked for in the first and the last two thirds of a series."""

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
    """found: in order. inefficiency: frames that say as much as an independent one, about the means between change
    points. independent: so many there are."""

    found: Sequence[ChangePoint]
    inefficiency: float
    independent: float

    @property
    def too_short(self) -> bool:
        """Fewer than 20 independent frames, so that nothing can be said."""
        return self.independent < FEWEST and not self.found


def change_points(values: np.ndarray) -> ChangePoints:
    """Binary segmentation by least squares (ruptures), with a penalty that the correlation of the series scales.

    A cut is kept where it lowers the sum of squares by more than (a + b/n_eff) g σ²: σ² and the statistical
    inefficiency g are of what is left about the two means, so that a change does not pass for correlation, and n_eff =
    n/g is the number of independent values. It must also reach `WANDERING`, which needs no estimate of g: where fast
    fluctuations cover slow ones, g is estimated too small. Each part is then looked at in the same way. A part is at
    least a twentieth of the series, and three values. Two changes may hide each other, so where the whole has none its
    first and its last two thirds are looked at, with higher limits.

    The limits were chosen, on simulated series, so that at most 5 % of stationary ones get a change point; the tests
    measure it on others. It does not hold where a slow correlation of about a tenth of the series or more is hidden
    under fast fluctuations: up to 14 % then.
    values: (n,), in order of time. A series of fewer than 20 independent values is too short.
    """
    import numpy as np

    x = np.asarray(values, dtype=float)
    found = tuple(_found(x, 0))
    if len(x) < FEWEST:
        return ChangePoints((), 1.0, float(len(x)))
    ends = [0, *(one.place for one in found), len(x)] if found else [0, _best_cut(x)[0], len(x)]
    rest = np.concatenate([x[low:high] - x[low:high].mean() for low, high in pairwise(ends)])
    inefficiency = statistical_inefficiency(rest, means=len(ends) - 1)
    return ChangePoints(found, inefficiency, len(x) / inefficiency)


def _found(x: np.ndarray, offset: int) -> Iterator[ChangePoint]:
    """The change points of a part that begins at an offset."""
    third = len(x) // 3
    for low, high, higher in ((0, len(x), 1.0), (0, len(x) - third, IN_PARTS), (third, len(x), IN_PARTS)):
        if one := _change(x[low:high], higher):
            cut = low + one.place
            yield from _found(x[:cut], offset)
            yield replace(one, place=offset + cut)
            yield from _found(x[cut:], offset + cut)
            return


def _change(x: np.ndarray, higher: float) -> ChangePoint | None:
    """The change of a series that has one at the most. higher: than the limits are, those that it must reach."""
    if len(x) < FEWEST:
        return None
    cut, noise, inefficiency = _best_cut(x)
    independent = len(x) / inefficiency
    shift = float(x[cut:].mean() - x[:cut].mean())
    gain = shift**2 * cut * (len(x) - cut) / len(x)
    a, b = PENALTY
    strength = gain / (higher * (a + b / independent) * inefficiency * noise)
    a, b = WANDERING
    if independent < FEWEST or strength <= 1 or wandering(x) <= higher * (a + b / len(x)):
        return None
    return ChangePoint(cut, max(REACH * inefficiency * noise / shift**2, 1.0), strength)


def _best_cut(x: np.ndarray) -> tuple[int, float, float]:
    """Where two means leave least, the variance about them, and the statistical inefficiency of what is left."""
    import numpy as np
    from ruptures import KernelCPD

    search = KernelCPD(kernel="linear", min_size=max(3, len(x) // 20))  # least squares, exact, in C
    cut = int(search.fit(x[:, None] - x.mean()).predict(n_bkps=1)[0])  # pyright: ignore[reportOptionalSubscript]
    rest = np.concatenate([x[:cut] - x[:cut].mean(), x[cut:] - x[cut:].mean()])
    noise = max(float(rest @ rest) / (len(x) - 2), NOTHING**2)
    return cut, noise, statistical_inefficiency(rest, means=2)


def wandering(x: np.ndarray) -> float:
    """The largest self-normalized statistic of a change of the mean, over all places where a cut may be.

    T² / V: T is how far the partial sums stray from the straight line at the cut, and V how far they stray from the
    lines of either part on average (Shao and Zhang, 2010). Correlation makes both larger alike.
    """
    import numpy as np

    count, least = len(x), max(3, len(x) // 20)
    off = (x - x.mean()) / max(float(x.std()), NOTHING)
    stray = np.cumsum(off)[:-1] ** 2 / count
    about = (_strays(off)[:-1] + _strays(off[::-1])[::-1][1:]) / count**2
    return float((stray / np.maximum(about, 1e-12))[least - 1 : count - least].max())


def _strays(x: np.ndarray) -> np.ndarray:
    """(n,): Σ (S_t − t/k S_k)² over t up to each k, S being the partial sums."""
    import numpy as np

    t, sums = np.arange(1.0, len(x) + 1), np.cumsum(x)
    slope = sums / t
    return np.cumsum(sums**2) - 2 * slope * np.cumsum(t * sums) + slope**2 * np.cumsum(t**2)
