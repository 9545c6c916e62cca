"""BondShift: how far two distributions of bond lengths are apart, and how far chance alone would set them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.bonds import BondLengths
from whet.bias.resampling import Interval, Resampling, by_unit, interval_json
from whet.contracts.findings import LEAST_UNITS
from whet.data.errors import InputError
from whet.data.identity import JSON

if TYPE_CHECKING:
    import numpy as np

CELLS = 512
"""Cells of the common grid, each with an equal share of both sets, on which draws of a distance are computed."""


@dataclass(frozen=True)
class BondShift:
    """One kind of bond in a first and a second set of frames; all in Å, broken bonds not counted.

    mean_change: second − first. width_change: of the standard deviation, second − first. wasserstein: first
    Wasserstein distance between the two distributions. noise_floor: the 95th percentile (at the level of the
    resampling) of that distance when trajectories are dealt out to the two sets at random; None for fewer than four
    trajectories in a set. A distance below it says nothing.
    """

    mean_change: float
    width_change: float
    wasserstein: float
    wasserstein_interval: Interval
    noise_floor: float | None

    @property
    def beyond_noise(self) -> bool:
        """Whether the two sets are further apart than chance would set them."""
        return self.noise_floor is not None and self.wasserstein > self.noise_floor

    def as_json(self) -> dict[str, JSON]:
        """Plain data.

        | key                        | value                    |
        |----------------------------|--------------------------|
        | mean_change, width_change  | Å, second − first        |
        | wasserstein                | Å                        |
        | wasserstein_interval       | [low, high] in Å, or null |
        | noise_floor                | Å, or null               |
        | beyond_noise               | true or false            |
        """
        return {
            "mean_change": self.mean_change,
            "width_change": self.width_change,
            "wasserstein": self.wasserstein,
            "wasserstein_interval": interval_json(self.wasserstein_interval),
            "noise_floor": self.noise_floor,
            "beyond_noise": self.beyond_noise,
        }


def bond_shifts(first: BondLengths, second: BondLengths, resampling: Resampling | None = None) -> dict[str, BondShift]:
    """The shift of each kind of bond that both have with at least one length that is not broken.

    The distance itself is exact; its interval and noise floor are computed on a grid of 512 quantiles of both sets.
    InputError where no kind is common.
    """
    import numpy as np

    common = [kind for kind in first.kinds if kind in second.kinds]
    if not common:
        raise InputError(
            f"no kind of bond is common: {', '.join(first.kinds) or 'none'} and {', '.join(second.kinds) or 'none'}"
        )
    shifts = {}
    for kind in common:
        one, two = first.of_kind(kind), second.of_kind(kind)
        if np.isfinite(one).any() and np.isfinite(two).any():
            shifts[kind] = _shift(one, two, (first.units, second.units), resampling or Resampling())
    return shifts


def _shift(
    first: np.ndarray, second: np.ndarray, trajectories: tuple[np.ndarray, np.ndarray], draws: Resampling
) -> BondShift:
    import numpy as np
    from scipy.stats import wasserstein_distance

    one, two = first[np.isfinite(first)], second[np.isfinite(second)]
    edges = np.unique(np.quantile(np.concatenate([one, two]), np.linspace(0, 1, CELLS + 1)))
    distance = float(wasserstein_distance(one, two))
    interval, floor = None, None
    if len(edges) > 1:
        rows = [np.array([np.histogram(frame, edges)[0] for frame in lengths], float) for lengths in (first, second)]
        units = [by_unit(counts, of) for counts, of in zip(rows, trajectories, strict=True)]
        if (fewest := min(map(len, units))) >= LEAST_UNITS:
            drawn = _distances(draws.sums(units[0], stream=1), draws.sums(units[1], stream=2), edges)
            interval = draws.between(drawn, distance, fewest)
            floor = _noise_floor(units[0], units[1], edges, draws)
    return BondShift(
        mean_change=float(two.mean() - one.mean()),
        width_change=float(two.std() - one.std()),
        wasserstein=distance,
        wasserstein_interval=interval,
        noise_floor=floor,
    )


def _noise_floor(first: np.ndarray, second: np.ndarray, edges: np.ndarray, draws: Resampling) -> float:
    """The distance that chance alone stays below with the probability `level`: a permutation of trajectories."""
    import numpy as np

    pool = np.concatenate([first, second])
    generator = np.random.default_rng((draws.seed, 3))
    order = generator.permuted(np.tile(np.arange(len(pool)), (draws.resamples, 1)), axis=1)
    dealt = (order < len(first)).astype(float) @ pool
    return float(np.nanquantile(_distances(dealt, pool.sum(axis=0) - dealt, edges), draws.level))


def _distances(first: np.ndarray, second: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Wasserstein distances (m,) Å of histograms (m, n_cells), mass spread evenly within each cell.

    Between two edges the difference of the cumulative shares is linear, and the integral of its size is exact.
    """
    import numpy as np

    with np.errstate(invalid="ignore"):
        apart = np.cumsum(first / first.sum(axis=1, keepdims=True) - second / second.sum(axis=1, keepdims=True), axis=1)
    left = np.concatenate([np.zeros((len(apart), 1)), apart[:, :-1]], axis=1)
    a, b = np.abs(left), np.abs(apart)
    crossing = left * apart < 0
    area = np.where(crossing, (a**2 + b**2) / np.where(crossing, 2 * (a + b), 1), (a + b) / 2)
    return (area * np.diff(edges)).sum(axis=1)
