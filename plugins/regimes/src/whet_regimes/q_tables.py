"""Tables of Q along trajectories: errors before and after its changes, and what the figure draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from whet import Column, Table
from whet_regimes.change_points import ChangePoints
from whet_regimes.q_series import QSeries
from whet_regimes.regime_tables import (
    MOST_POINTS,
    MOST_RUNS,
    SAMPLED_BY,
    STATE,
    TRAINING,
    TRAJECTORY,
    Cut,
    Signal,
    drawn,
    middle,
    seeds,
)

MEAN_Q = "mean Q"


@dataclass(frozen=True, eq=False)
class QCut:
    """A series of Q with its change points."""

    series: QSeries
    points: ChangePoints

    @property
    def signal(self) -> Signal:
        """What the tables of change points have of it."""
        whose = ["", None, self.series.training, self.series.driver, self.series.number]
        return Signal(whose, MEAN_Q, "", self.series.times, self.series.values, self.points)

    @property
    def run(self) -> str:
        """Set and trajectory."""
        return f"{self.series.set} {self.series.number}"


def q_errors_table(q_cuts: Sequence[QCut], cuts: Sequence[Cut]) -> Table:
    """Errors of every potential on the trajectory, from the change of Q before up to each one and on to the next."""
    columns = (
        TRAINING,
        SAMPLED_BY,
        TRAJECTORY,
        Column("time", "fs", "Of the change of Q.", decimals=0),
        STATE,
        seeds(cuts),
        Column("energy MAE before", "meV/atom", "Mean absolute energy residual, from the change before.", decimals=2),
        Column("energy MAE after", "meV/atom", "The same, up to the next change.", decimals=2),
        Column("force MAE before", "meV/Å", "Mean absolute error of the force components, so.", decimals=1),
        Column("force MAE after", "meV/Å", "The same, up to the next change.", decimals=1),
        Column("frames before", description="With a label and a prediction; without any there are no errors."),
        Column("frames after", description="The same, up to the next change."),
    )
    rows = []
    for q in q_cuts:
        changes = [middle(q.series.times, one) for one in q.points.found]
        edges = [float("-inf"), *changes, float("inf")]
        for cut in (cut for cut in cuts if cut.run == q.run):
            each = [_errors(cut, low, high) for low, high in pairwise(edges)]
            for time, (before, after) in zip(changes, pairwise(each), strict=True):
                whose = [q.series.training, q.series.driver, q.series.number, time, *cut.whose[:2]]
                rows.append([*whose, *(one for both in zip(before, after, strict=True) for one in both)])
    return Table("regime-q-errors", "Errors before and after changes of mean Q", columns, rows)


def q_points_table(q_cuts: Sequence[QCut]) -> Table:
    """Q through time with its level, of the trajectories with most change points, thinned."""
    columns = (
        TRAINING,
        Column("run", description="Set and trajectory."),
        Column("time", "ps", "Of the frame."),
        Column(MEAN_Q, description="Mean Q-residual of the atoms, in the descriptor's unit squared."),
        Column("level", description="Its mean between change points."),
    )
    often: dict[str, int] = {}
    for one in q_cuts:
        often[one.run] = often.get(one.run, 0) + len(one.points.found)
    chosen = sorted(often, key=lambda run: (-often[run], run))[:MOST_RUNS]
    rows = []
    for one in (one for one in q_cuts if one.run in chosen):
        points = drawn(one.series.times, one.series.values, one.points, MOST_POINTS)
        rows += [[one.series.training, one.run, *point] for point in points]
    return Table("regime-q-points", "Mean Q through time", columns, rows, shown=False)


def _errors(cut: Cut, low: float, high: float) -> tuple[float | None, float | None, int]:
    """Energy MAE (meV/atom), force MAE (meV/Å) and number of frames from one time up to another."""
    chosen = (cut.series.times >= low) & (cut.series.times < high)
    if not chosen.any():
        return None, None, 0
    energy, force = abs(cut.series.energies[chosen]).mean(), cut.series.forces[chosen].mean()
    return float(energy), float(force), int(chosen.sum())
