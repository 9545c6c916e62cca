"""BondShift: how far two distributions of bond lengths are apart, and whether chance alone would set them apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from whet.bias.bonds import BondLengths, equal_weights
from whet.bias.dealing import Dealing
from whet.bias.resampling import Resampling
from whet.contracts.findings import Interval
from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np

CELLS = 128
"""Cells of the common grid, each with an equal share of both sets, on which draws of a distance are computed."""

Aspect = Literal["mean", "width", "distance"]
"""What of two distributions can differ."""

ASPECTS: tuple[Aspect, ...] = get_args(Aspect)


@dataclass(frozen=True)
class BondShift:
    """One kind of bond in a first and a second set of trajectories; all in Å, broken bonds not counted.

    mean_change: second − first. width_change: of the standard deviation, second − first. wasserstein: first
    Wasserstein distance, W = ∫|C₁(r) − C₂(r)| dr of the two cumulative distributions. Each trajectory counts the same.
    Intervals: over trajectories, 95 % each. by_chance: the distance that the dealing of trajectories at random
    explains. p: for each aspect the chance that dealing would set *any* kind of bond in *any* aspect as far apart as
    this one is. different: the aspects in which the sets differ, their p being at most 5 %. least_p: below which no p
    can be, as few trajectories can be dealt in few ways. trajectories: of both sets; below four in one there is neither
    an interval nor a p nor a distance by chance.
    """

    mean_change: float
    mean_change_interval: Interval
    width_change: float
    width_change_interval: Interval
    wasserstein: float
    wasserstein_interval: Interval
    by_chance: float | None
    p: Mapping[Aspect, float]
    least_p: float | None
    trajectories: tuple[int, int]
    level: float = 0.95

    @property
    def different(self) -> tuple[Aspect, ...]:
        """In what the two sets are further apart than chance would set them."""
        return tuple(aspect for aspect in ASPECTS if self.p.get(aspect, 1.0) <= 1 - self.level + 1e-12)

    @property
    def verdict(self) -> str:
        """`different: mean, distance`, `no difference resolved` or `undecided: 3 trajectories`."""
        if not self.p:
            few = min(self.trajectories)
            return f"undecided: {few} trajector{'y' if few == 1 else 'ies'}"
        return f"different: {', '.join(self.different)}" if self.different else "no difference resolved"


def bond_shifts(
    first: BondLengths, second: BondLengths, resampling: Resampling | None = None, *, widths: bool = True
) -> dict[str, BondShift]:
    """The shift of each kind of bond that both have with at least one length that is not broken.

    All kinds and aspects are tested together, so that the chance of *any* false difference in the comparison is at
    most 5 % (see `Dealing`). Trajectories that both have are left out. widths: whether the width is one of the
    aspects; not where a series has none. The distance itself is exact; its interval and the distance by chance are
    computed on a grid of 128 quantiles of both sets.
    InputError where no kind is common.
    """
    import numpy as np

    common = [kind for kind in first.kinds if kind in second.kinds]
    if not common:
        raise InputError(
            f"no kind of bond is common: {', '.join(first.kinds) or 'none'} and {', '.join(second.kinds) or 'none'}"
        )
    draws = resampling or Resampling()
    first, second = first.without_those_of(second), second.without_those_of(first)
    dealing = Dealing.of(first.trajectories, second.trajectories, draws)
    aspects: list[Aspect] = [aspect for aspect in ASPECTS if widths or aspect != "width"]
    sets = {kind: _Set.of(first.of_kind(kind), first.units, second.of_kind(kind), second.units) for kind in common}
    sets = {kind: one for kind, one in sets.items() if one is not None}
    dealt = {kind: one.changes(*one.dealt(dealing.first)) for kind, one in sets.items()}
    tested: list[tuple[str, Aspect]] = [(kind, aspect) for kind in sets for aspect in aspects]
    apart = {kind: one.apart() for kind, one in sets.items()}
    p, by_chance = dealing.test([(np.abs(dealt[kind][aspect]), apart[kind][aspect]) for kind, aspect in tested])
    p_of, chance_of = dict(zip(tested, p, strict=bool(p))), dict(zip(tested, by_chance, strict=bool(by_chance)))
    found = {}
    for kind, one in sets.items():
        change: dict[Aspect, float] = {aspect: float(dealt[kind][aspect][0]) for aspect in ASPECTS}
        change["distance"] = one.distance
        drawn = one.changes(draws.sums(one.first, stream=1), draws.sums(one.second, stream=2))
        interval = {aspect: draws.between(drawn[aspect], change[aspect], dealing.fewest) for aspect in ASPECTS}
        found[kind] = BondShift(
            mean_change=change["mean"],
            mean_change_interval=interval["mean"],
            width_change=change["width"],
            width_change_interval=interval["width"],
            wasserstein=one.distance,
            wasserstein_interval=interval["distance"],
            by_chance=chance_of.get((kind, "distance")),
            p={aspect: p_of[kind, aspect] for aspect in aspects if (kind, aspect) in p_of},
            least_p=dealing.least if p else None,
            trajectories=(first.trajectories, second.trajectories),
            level=draws.level,
        )
    return found


@dataclass(frozen=True, eq=False)
class _Set:
    """Lengths of one kind in two sets, as sums of each trajectory that add up to those of a set.

    first, second: (n_trajectories, 3 + n_cells): weight, Σ(x − center), Σ(x − center)² and the histogram between
    edges, all weighted so that each trajectory counts the same. distance: Wasserstein's of the two, exact, Å.
    """

    first: np.ndarray
    second: np.ndarray
    edges: np.ndarray
    distance: float

    @classmethod
    def of(cls, one: np.ndarray, of_one: np.ndarray, two: np.ndarray, of_two: np.ndarray) -> _Set | None:
        """From lengths (n_frames, n_bonds), NaN where broken, and the trajectory of each frame; None of no length."""
        import numpy as np
        from scipy.stats import wasserstein_distance

        whole = [np.isfinite(lengths) for lengths in (one, two)]
        if not all(some.any() for some in whole):
            return None
        values = [lengths[some] for lengths, some in zip((one, two), whole, strict=True)]
        every = np.concatenate(values)
        edges, center = np.unique(np.quantile(every, np.linspace(0, 1, CELLS + 1))), float(every.mean())
        sums, weights = [], []
        for x, some, units in zip(values, whole, (of_one, of_two), strict=True):
            names, unit = np.unique(units, return_inverse=True)
            by_frame = equal_weights(some.sum(axis=1).astype(float), unit)
            place, weight = (np.broadcast_to(array[:, None], some.shape)[some] for array in (unit, by_frame))
            cell = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, max(len(edges) - 2, 0))
            rows = np.zeros((len(names), 3 + max(len(edges) - 1, 1)))
            for column, power in enumerate((np.ones_like(x), x - center, (x - center) ** 2)):
                np.add.at(rows[:, column], place, weight * power)
            np.add.at(rows, (place, 3 + cell), weight)
            sums.append(rows)
            weights.append(weight)
        return cls(sums[0], sums[1], edges, float(wasserstein_distance(*values, *weights)))

    def dealt(self, to_first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sums (m, 3 + n_cells) of both sets, for trajectories (m, n) that are dealt to the first, the others not."""
        import numpy as np

        pool = np.concatenate([self.first, self.second])
        return to_first.astype(float) @ pool, (~to_first).astype(float) @ pool

    def apart(self) -> dict[Aspect, np.ndarray]:
        """How far each trajectory is from each other in each aspect, (n, n) Å."""
        import numpy as np

        pool = np.concatenate([self.first, self.second])
        one, other = (index.ravel() for index in np.indices((len(pool), len(pool))))
        return {k: np.abs(v).reshape(len(pool), -1) for k, v in self.changes(pool[one], pool[other]).items()}

    def changes(self, first: np.ndarray, second: np.ndarray) -> dict[Aspect, np.ndarray]:
        """Changes (m,) Å of mean and width, and the distance, from sums (m, 3 + n_cells); NaN where one has none."""
        import numpy as np

        with np.errstate(invalid="ignore", divide="ignore"):
            (mean, width), (other_mean, other_width) = (
                (
                    sums[:, 1] / sums[:, 0],
                    np.sqrt(np.maximum(sums[:, 2] / sums[:, 0] - (sums[:, 1] / sums[:, 0]) ** 2, 0)),
                )
                for sums in (first, second)
            )
            distance = _distances(first[:, 3:], second[:, 3:], self.edges)
        return {"mean": other_mean - mean, "width": other_width - width, "distance": distance}


def _distances(first: np.ndarray, second: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Wasserstein distances (m,) Å of histograms (m, n_cells), mass spread evenly within each cell.

    Between two edges the difference of the cumulative shares is linear, and the integral of its size is exact.
    """
    import numpy as np

    if len(edges) < 2:
        return np.zeros(len(first))
    apart = np.cumsum(first / first.sum(axis=1, keepdims=True) - second / second.sum(axis=1, keepdims=True), axis=1)
    left = np.concatenate([np.zeros((len(apart), 1)), apart[:, :-1]], axis=1)
    a, b = np.abs(left), np.abs(apart)
    crossing = left * apart < 0
    area = np.where(crossing, (a**2 + b**2) / np.where(crossing, 2 * (a + b), 1), (a + b) / 2)
    return (area * np.diff(edges)).sum(axis=1)
