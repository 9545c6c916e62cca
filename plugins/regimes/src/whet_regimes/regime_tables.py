"""Tables of the analysis regimes: change points, errors before and after them, and the series themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from whet import Column, Table
from whet_regimes.change_points import FEWEST, ChangePoint, ChangePoints
from whet_regimes.error_series import ErrorSeries

if TYPE_CHECKING:
    import numpy as np

ENERGY, FORCE = "energy residual", "force error"

MOST_RUNS, MOST_POINTS = 6, 200
"""Trajectories that the figure shows, and points of each line."""

STATE = Column("state", description="The potential and what was done to it.")
SAMPLED_BY = Column("sampled by", description="Who drove the trajectory.")
TRAJECTORY = Column("trajectory", description="Its number in the set, from 0.")


@dataclass(frozen=True, eq=False)
class Cut:
    """A series with the change points of its energy residual and of its force error."""

    series: ErrorSeries
    energy: ChangePoints
    force: ChangePoints

    @property
    def signals(self) -> list[tuple[str, str, np.ndarray, ChangePoints]]:
        """Name, unit, values and change points of each."""
        return [
            (ENERGY, "meV/atom", self.series.energies, self.energy),
            (FORCE, "meV/Å", self.series.forces, self.force),
        ]


def looked_at(cuts: Sequence[Cut]) -> Table:
    """Each series that was looked at, and how many change points it has."""
    columns = (
        STATE,
        _seeds(cuts),
        SAMPLED_BY,
        TRAJECTORY,
        Column("series", description="What was looked at through time."),
        Column("changes", description="Change points; none where the series is too short."),
        Column("frames", description="With a label and a prediction."),
        Column("inefficiency", description="Frames that say as much as an independent one.", decimals=1),
        Column("independent frames", description="Frames over inefficiency.", decimals=1),
        Column("remark", description="Why nothing can be said."),
    )
    rows = []
    for cut in cuts:
        for name, _, values, points in cut.signals:
            short = points.too_short
            remark = f"too short: {points.independent:.0f} independent frames, {FEWEST} are needed" if short else ""
            changes = None if short else len(points.found)
            counts = [len(values), points.inefficiency, points.independent]
            rows.append([*_whose(cut), name, changes, *counts, remark])
    return Table("regime-series", "Series that were looked at", columns, rows, folded=len(rows) > 12)


def changes_table(cuts: Sequence[Cut]) -> Table:
    """Each change point."""
    columns = (
        STATE,
        _seeds(cuts),
        SAMPLED_BY,
        TRAJECTORY,
        Column("series", description="What changes."),
        Column("time", "fs", "Halfway between the last frame before and the first after.", decimals=0),
        Column("within", "fs", "95 % of how far off that may be.", decimals=0),
        Column("before", description="Mean from the change point before, in the unit of this row.", decimals=2),
        Column("after", description="Mean up to the next change point, in the unit of this row.", decimals=2),
        Column("unit", description="Of the two means."),
        Column("strength", description="What the change explains, in parts of the penalty.", decimals=1),
    )
    rows = []
    for cut in cuts:
        for name, unit, values, points in cut.signals:
            ends = [0, *(one.place for one in points.found), len(values)]
            for number, one in enumerate(points.found):
                before, middle, after = ends[number : number + 3]
                means = float(values[before:middle].mean()), float(values[middle:after].mean())
                when = _time(cut.series.times, one), _within(cut.series.times, one)
                rows.append([*_whose(cut), name, *when, *means, unit, one.strength])
    return Table("regime-changes", "Change points", columns, rows)


def errors_table(cuts: Sequence[Cut]) -> Table:
    """Errors of each potential in each regime of each trajectory.

    Regimes are those of the driver's energy residual, so that all potentials are held against each other in the same
    ones; on trajectories that none of them drove, each has its own.
    """
    columns = (
        STATE,
        _seeds(cuts),
        SAMPLED_BY,
        TRAJECTORY,
        Column("regime", description="Its number in the trajectory, from 1."),
        Column("from", "fs", "Its first frame.", decimals=0),
        Column("to", "fs", "Its last frame.", decimals=0),
        Column("frames", description="With a label and a prediction."),
        Column("mean residual", "meV/atom", "Energy of the potential minus that of the labels.", decimals=2),
        Column("energy MAE", "meV/atom", "Mean absolute residual.", decimals=2),
        Column("energy RMSE", "meV/atom", "Root mean square of the residual.", decimals=2),
        Column("force MAE", "meV/Å", "Mean absolute error of the force components.", decimals=1),
    )
    rows = []
    for cut in cuts:
        times, residuals, forces = cut.series.times, cut.series.energies, cut.series.forces
        edges = [float("-inf"), *_edges(cut, cuts), float("inf")]
        number = 0
        for low, high in pairwise(edges):
            chosen = (times >= low) & (times < high)
            if not chosen.any():
                continue
            number += 1
            r, t = residuals[chosen], times[chosen]
            span = float(t[0]), float(t[-1]), int(chosen.sum())
            energy = float(r.mean()), float(abs(r).mean()), float((r**2).mean() ** 0.5)
            rows.append([*_whose(cut), number, *span, *energy, float(forces[chosen].mean())])
    return Table("regime-errors", "Errors in each regime", columns, rows)


def points_table(cuts: Sequence[Cut]) -> Table:
    """Residuals through time with the level of each regime, of the trajectories with most change points, thinned."""
    columns = (
        STATE,
        _seeds(cuts),
        Column("run", description="Set and trajectory."),
        Column("time", "ps", "Of the frame."),
        Column("residual", "meV/atom", "Energy of the potential minus that of the labels."),
        Column("level", "meV/atom", "Its mean in the regime."),
    )
    often: dict[str, int] = {}
    for cut in cuts:
        often[_run(cut)] = often.get(_run(cut), 0) + len(cut.energy.found)
    shown = sorted(often, key=lambda run: (-often[run], run))[:MOST_RUNS]
    rows = []
    for cut in (cut for cut in cuts if _run(cut) in shown):
        ends = [0, *(one.place for one in cut.energy.found), len(cut.series.times)]
        step = len(cut.series.times) // MOST_POINTS + 1
        for low, high in pairwise(ends):
            level = float(cut.series.energies[low:high].mean()) if high > low else None
            for place in sorted({*range(low, high, step), *range(high - 1, high)} - {-1}):
                point = float(cut.series.times[place]) / 1000, float(cut.series.energies[place])
                rows.append([cut.series.state, cut.series.of.seed, _run(cut), *point, level])
    return Table("regime-points", "Residual through time", columns, rows, shown=False)


def _edges(cut: Cut, cuts: Sequence[Cut]) -> list[float]:
    """fs; where the regimes of the trajectory meet."""
    drivers = [one for one in cuts if one.series.own and _run(one) == _run(cut)]
    chosen = min(drivers, key=lambda one: one.series.of.seed) if drivers else cut
    return [_time(chosen.series.times, one) for one in chosen.energy.found]


def _time(times: np.ndarray, one: ChangePoint) -> float:
    """fs; halfway between the last frame of a regime and the first of the next."""
    return float(times[one.place - 1] + times[one.place]) / 2


def _within(times: np.ndarray, one: ChangePoint) -> float:
    """fs; the farther of the two ends, a frame at least."""
    low = times[max(round(one.place - 1 - one.within), 0)]
    high = times[min(round(one.place + one.within), len(times) - 1)]
    middle = _time(times, one)
    return float(max(middle - low, high - middle))


def _whose(cut: Cut) -> list[Any]:
    return [cut.series.state, cut.series.of.seed, cut.series.driver, cut.series.of.trajectory]


def _run(cut: Cut) -> str:
    return f"{cut.series.of.set} {cut.series.of.trajectory or 0}"


def _seeds(cuts: Iterable[Cut]) -> Column:
    return Column("seed", description="Of the fine-tuning.", shown=len({cut.series.of.seed for cut in cuts}) > 1)
