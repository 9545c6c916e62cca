"""Densities along trajectories: their mean, its error from blocks, and how far one distribution is from another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from whet import FrameError, SampledTrajectory

if TYPE_CHECKING:
    import numpy as np

FEWEST_BLOCKS = 8
"""Blocks of a series below which their scatter says nothing about its error."""
GRAMS_PER_CM3 = 1.66053906660
"""Of one u/Å³."""


def densities(run: SampledTrajectory, skip: float = 0.0) -> np.ndarray:
    """(n_frames,) g/cm³, of the frames that are `skip` fs or more after the first.

    FrameError where a frame is not periodic in all directions.
    """
    import numpy as np

    found = []
    for time, frame in zip(run.times, run.frames, strict=True):
        if time - run.times[0] < skip - 1e-9:
            continue
        if not frame.pbc.all() or frame.cell.volume < 1e-6:
            raise FrameError("a density needs frames that are periodic in all directions")
        found.append(float(frame.get_masses().sum() / frame.cell.volume) * GRAMS_PER_CM3)
    return np.array(found)


def block_error(series: np.ndarray) -> float | None:
    """The standard error of the mean of a correlated series; None where it is too short for blocks.

    Averages over blocks of 1, 2, 4, … values, as long as there are eight blocks: the largest of the standard errors
    that their scatter gives, so rather too large (Flyvbjerg and Petersen, J. Chem. Phys. 91, 461 (1989)).
    """
    import numpy as np

    largest, blocks = None, np.asarray(series, dtype=float)
    while len(blocks) >= FEWEST_BLOCKS:
        error = float(blocks.std(ddof=1)) / math.sqrt(len(blocks))
        largest = error if largest is None else max(largest, error)
        even = len(blocks) // 2 * 2
        blocks = blocks[:even].reshape(-1, 2).mean(axis=1)
    return largest


def drift(each: Sequence[np.ndarray]) -> float | None:
    """By how much a density rises over a trajectory on average, g/cm³, where it is not settled; None where it is.

    A line is fitted to each series. Over four trajectories or more its rise differs from zero by Student's t (5 %) and
    is over half the standard deviation about the lines; over fewer it is over 1.5 of them.
    """
    import numpy as np

    from whet_observables.run_means import FEWEST, RunMean, excludes_zero

    rises, rests = [], []
    for series in each:
        if len(series) < FEWEST_BLOCKS:
            continue
        times = np.linspace(-0.5, 0.5, len(series))
        slope = float(times @ series / (times @ times))
        rises.append(slope)
        rests.append(float((series - series.mean() - slope * times).std()))
    mean = RunMean.of(rises)
    if mean is None:
        return None
    fluctuation = math.sqrt(math.fsum(rest**2 for rest in rests) / len(rests))
    many = len(rises) >= FEWEST
    is_large = abs(mean.value) > (0.5 if many else 1.5) * fluctuation
    return mean.value if is_large and (not many or excludes_zero(mean.estimate)) else None


def common_edges(reference: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> np.ndarray:
    """Edges of bins that hold every value: half as wide as the reference is (standard deviation); at most 10,000."""
    import numpy as np

    every = np.concatenate([*reference, *others])
    low, high = float(every.min()), float(every.max())
    width = 0.5 * float(np.concatenate(list(reference)).std())
    count = 1 if high <= low or width <= 0 else min(max(math.ceil((high - low) / width), 1), 10_000)
    return np.linspace(low, high if high > low else low + 1e-6, count + 1)


def distribution(series: Sequence[np.ndarray], edges: np.ndarray) -> np.ndarray:
    """(n_bins,) the mean over series of the share of each bin, each series counting the same.

    Half a value is added to each bin of a series (Jeffreys): otherwise a bin that one of two distributions happens not
    to reach makes their divergence infinite.
    """
    import numpy as np

    shares = []
    for one in series:
        counts = np.histogram(one, edges)[0] + 0.5
        shares.append(counts / counts.sum())
    return np.mean(shares, axis=0)


def kl_divergence(p: np.ndarray, q: np.ndarray) -> float:
    """D_KL(P‖Q) = Σ P ln(P/Q), without a unit, of two distributions over the same bins that are nowhere zero."""
    import numpy as np

    return float((p * np.log(p / q)).sum())


def divergence(series: Sequence[np.ndarray], reference: Sequence[np.ndarray]) -> float:
    """D_KL of the distribution of some series from that of the reference."""
    edges = common_edges(reference, series)
    return kl_divergence(distribution(series, edges), distribution(reference, edges))


def divergence_among(reference: Sequence[np.ndarray], edges: np.ndarray) -> float | None:
    """The mean of D_KL(P_i‖P_j) over all ordered pairs of the reference's trajectories; None where there is one."""
    if len(reference) < 2:
        return None
    each = [distribution([one], edges) for one in reference]
    pairs = [kl_divergence(p, q) for i, p in enumerate(each) for j, q in enumerate(each) if i != j]
    return math.fsum(pairs) / len(pairs)
