"""Contrast: whether two fine-tunings differ, by more than the choice of trajectories and of the seed explains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.jackknife import Jackknife
from whet.bias.paired_errors import PairedErrors
from whet.contracts.findings import LEAST_UNITS, Estimate, Interval

if TYPE_CHECKING:
    import numpy as np

LEAST_P = 1e-12
"""Smaller ones are not told apart."""

ROUNDING = 1e-6
"""Of the logarithm of the ratio of two errors: below it they are the same."""


@dataclass(frozen=True)
class Contrast:
    """The MAE of the second series over that of the first, less 1: −0.2 where the second errs 20 % less.

    change: Σ|e₂|/Σ|e₁| − 1; its interval is over units and, with several seeds, over seeds too, so it is wider than
    `over_units` and `over_seeds` and excludes zero only where both do. p: of no difference, two-sided; the level at
    which that interval just reaches zero. Intervals are of 95 %; all are None below four units, over_seeds also for one
    seed. No value where one of the errors is zero.
    """

    change: Estimate
    over_units: Interval = None
    over_seeds: Interval = None
    p: float | None = None

    @classmethod
    def of(cls, errors: PairedErrors) -> Contrast:
        """Paired: what makes a trajectory hard for both cancels.

        Of the logarithm of the ratio, with the jackknife's standard error and Student's t over units and over seeds,
        whose half-widths add in squares, h² = h_units² + h_seeds² (Zou & Donner, Stat. Med. 27, 1693 (2008)). Where few
        trajectories hold most of the error, plain t is too sure: degrees of freedom are the effective number of units,
        1/Σ share², less 1 (Carter, Schnepel & Steigerwald, Rev. Econ. Stat. 99, 698 (2017)). Of relative energies the
        reference energies are fitted anew without each unit, and each one that is fitted costs a unit:
        freedom = (1 − fitted/n)/Σ share² − 1.
        """
        import numpy as np

        totals = float(errors.first.sum()), float(errors.second.sum())
        if not (min(totals) > 0 and np.isfinite(totals).all()):
            return cls(Estimate(None, seeds=errors.seeds))
        found = math.log(totals[1] / totals[0])
        found = 0.0 if abs(found) < ROUNDING else found
        single = np.log(np.maximum(errors.second.sum(axis=0), 1e-300) / np.maximum(errors.first.sum(axis=0), 1e-300))
        spread = float(np.std(np.expm1(single), ddof=1)) if errors.seeds > 1 else None
        change = Estimate(math.expm1(found), None, spread, errors.seeds)
        without = None if errors.without is None else [one.sum(axis=1) for one in errors.without]
        units = _log_ratio(errors.first.sum(axis=1), errors.second.sum(axis=1), without, errors.fitted)
        seeds = _log_ratio(errors.first.sum(axis=0), errors.second.sum(axis=0)) if errors.seeds > 1 else None
        reaches = [units] if seeds is None else [units, seeds]
        if errors.n_units < LEAST_UNITS or not all(math.isfinite(one.error) for one in reaches):
            return cls(change)
        change = Estimate(change.value, _interval(found, _joint(reaches, 0.05)), spread, errors.seeds)
        over_seeds = None if seeds is None else _interval(found, seeds.reach(0.05))
        return cls(change, _interval(found, units.reach(0.05)), over_seeds, _p(found, reaches))


def _log_ratio(
    first: np.ndarray, second: np.ndarray, without: Sequence[np.ndarray] | None = None, fitted: int = 0
) -> Jackknife:
    """Of two sums, from what each unit adds to them: (n,). A few units that hold most count as few.

    without: both sums without each unit, where they are not what the others add. fitted: units that a fit costs.
    """
    import numpy as np

    shares = (first / first.sum() + second / second.sum()) / 2
    effective = (1 - fitted / len(first)) / float((shares**2).sum())
    rows = np.stack([first, second], axis=1)
    left = None if without is None else np.stack(without, axis=1)
    return Jackknife.of(rows, lambda sums: np.log(sums[:, 1] / sums[:, 0]), max(effective - 1, 0.1), left)


def _joint(reaches: Sequence[Jackknife], p: float) -> float:
    return math.hypot(*(one.reach(p) for one in reaches))


def _interval(found: float, reach: float) -> Interval:
    reach = min(reach, 700.0 - abs(found))
    return math.expm1(found - reach), math.expm1(found + reach)


def _p(found: float, reaches: Sequence[Jackknife]) -> float:
    low, high = math.log(LEAST_P), 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if _joint(reaches, math.exp(middle)) < abs(found) else (middle, high)
    return math.exp(high)
