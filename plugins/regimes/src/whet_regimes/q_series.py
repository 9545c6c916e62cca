"""QSeries: the mean Q-residual along one trajectory, as one set of training data sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet import Found, SampledTrajectory
from whet_regimes.change_points import ChangePoints, change_points
from whet_regimes.error_series import driver_of

if TYPE_CHECKING:
    import numpy as np

TABLE = "q-in-time"
"""Of the findings of `coverage-in-time`."""

LEAST = 1e-12
"""Of the largest Q of a series: what is below has no logarithm that says anything."""


@dataclass(frozen=True, eq=False)
class QSeries:
    """training: what tables call the training data. set, number: of the trajectory. driver: who drove it, in words.
    times: (n,) fs, rising. values: (n,) mean Q of the frame's atoms, in the descriptor's unit squared, not negative."""

    training: str
    set: str
    number: int
    driver: str
    times: np.ndarray
    values: np.ndarray

    def change_points(self) -> ChangePoints:
        """Where the logarithm of Q changes its level.

        Q is positive and skewed. Of stationary series of 30 to 300 frames that are log-normal, χ² or have rare bursts
        up to 11 % have a change point, but 5 % at most in their logarithm (6 % where χ² wanders over a tenth of the
        series or more).
        """
        import numpy as np

        least = LEAST * float(self.values.max(initial=0.0))
        return change_points(np.log(np.maximum(self.values, least)) if least else np.zeros(len(self.values)))


def q_series_of(coverage: Sequence[Found], trajectories: Sequence[SampledTrajectory]) -> list[QSeries]:
    """Q of each of the trajectories, which are of one set, by training data and number; frames without Q are left out.

    coverage: findings of `coverage-in-time`, which hold those of all sets.
    """
    import numpy as np

    runs = {(one.ref.set, one.ref.number or 1): one.ref.sampled_by for one in trajectories}
    points: dict[tuple[str, str, int], list[tuple[float, float]]] = {}
    for found in coverage:
        for table in (table for table in found.findings.tables if table.name == TABLE):
            for row in table.records():
                of = row["set"], row["trajectory"]
                if of in runs and row["time"] is not None and row["mean Q"] is not None:
                    points.setdefault((row["training data"], *of), []).append((row["time"], row["mean Q"]))
    series = []
    for (training, name, number), pairs in sorted(points.items()):
        times, values = np.array(sorted(pairs), dtype=float).T
        series.append(QSeries(training, name, number, driver_of(runs[name, number]), times, values))
    return series
