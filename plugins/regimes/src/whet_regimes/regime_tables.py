"""Tables of the analysis regimes: change points, errors before and after them, and the series themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
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
TRAINING = Column("training data", description="What the trajectory was held against.")
SAMPLED_BY = Column("sampled by", description="Who drove the trajectory.")
TRAJECTORY = Column("trajectory", description="Its number in the set, from 1.")


@dataclass(frozen=True, eq=False)
class Signal:
    """What was looked at through time. whose: cells of state, seed, training data, driver and trajectory. times: (n,)
    fs. values: (n,) in the unit."""

    whose: Sequence[Any]
    name: str
    unit: str
    times: np.ndarray
    values: np.ndarray
    points: ChangePoints


@dataclass(frozen=True, eq=False)
class Cut:
    """A series with the change points of its energy residual and of its force error."""

    series: ErrorSeries
    energy: ChangePoints
    force: ChangePoints

    @property
    def signals(self) -> list[Signal]:
        """Each of the two."""
        whose = [*self.whose[:2], "", *self.whose[2:]]
        return [
            Signal(whose, ENERGY, "meV/atom", self.series.times, self.series.energies, self.energy),
            Signal(whose, FORCE, "meV/Å", self.series.times, self.series.forces, self.force),
        ]

    @property
    def whose(self) -> list[Any]:
        """Cells of state, seed, driver and trajectory."""
        return [self.series.state, self.series.of.seed, self.series.driver, self.series.of.number]

    @property
    def run(self) -> str:
        """Set and trajectory."""
        return f"{self.series.of.set} {self.series.of.number or 1}"


def looked_at(signals: Sequence[Signal]) -> Table:
    """Each series that was looked at, and how many change points it has."""
    columns = (
        *_whose(signals),
        Column("series", description="What was looked at through time."),
        Column("changes", description="Change points; none where the series is too short."),
        Column("frames", description="With a label and a prediction; of mean Q all that have one."),
        Column("inefficiency", description="Frames that say as much as an independent one.", decimals=1),
        Column("independent frames", description="Frames over inefficiency.", decimals=1),
        Column("remark", description="Why nothing can be said."),
    )
    rows = []
    for one in signals:
        points = one.points
        short = points.too_short
        remark = f"too short: {int(points.independent)} independent frames, {FEWEST} are needed" if short else ""
        counts = [None if short else len(points.found), len(one.values), points.inefficiency, points.independent]
        rows.append([*one.whose, one.name, *counts, remark])
    return Table("regime-series", "Series that were looked at", columns, rows, folded=len(rows) > 12)


def changes_table(signals: Sequence[Signal]) -> Table:
    """Each change point."""
    decimals = 2 if all(one.unit for one in signals) else None  # Q may be of any size
    columns = (
        *_whose(signals),
        Column("series", description="What changes."),
        Column("time", "fs", "Halfway between the last frame before and the first after.", decimals=0),
        Column("within", "fs", "95 % of how far off that may be.", decimals=0),
        Column("before", description="Mean from the change point before, in the unit of this row.", decimals=decimals),
        Column("after", description="Mean up to the next change point, in the unit of this row.", decimals=decimals),
        Column("unit", description="Of the two means; of mean Q it is the descriptor's, squared."),
        Column("strength", description="What the change explains, in parts of the penalty.", decimals=1),
    )
    rows = []
    for signal in signals:
        ends = [0, *(one.place for one in signal.points.found), len(signal.values)]
        for number, one in enumerate(signal.points.found):
            before, at, after = ends[number : number + 3]
            means = float(signal.values[before:at].mean()), float(signal.values[at:after].mean())
            when = middle(signal.times, one), _within(signal.times, one)
            rows.append([*signal.whose, signal.name, *when, *means, signal.unit, one.strength])
    return Table("regime-changes", "Change points", columns, rows)


def errors_table(cuts: Sequence[Cut]) -> Table:
    """Errors of each potential in each regime of each trajectory.

    Regimes are those of the driver's energy residual, so that all potentials are held against each other in the same
    ones; on trajectories that none of them drove, each has its own.
    """
    columns = (
        STATE,
        seeds(cuts),
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
            rows.append([*cut.whose, number, *span, *energy, float(forces[chosen].mean())])
    return Table("regime-errors", "Errors in each regime", columns, rows)


def points_table(cuts: Sequence[Cut]) -> Table:
    """Residuals through time with the level of each regime, of the trajectories with most change points, thinned."""
    columns = (
        STATE,
        seeds(cuts),
        Column("run", description="Set and trajectory."),
        Column("time", "ps", "Of the frame."),
        Column("residual", "meV/atom", "Energy of the potential minus that of the labels."),
        Column("level", "meV/atom", "Its mean in the regime."),
    )
    often: dict[str, int] = {}
    for cut in cuts:
        often[cut.run] = often.get(cut.run, 0) + len(cut.energy.found)
    shown = sorted(often, key=lambda run: (-often[run], run))[:MOST_RUNS]
    rows = []
    for cut in (cut for cut in cuts if cut.run in shown):
        for point in drawn(cut.series.times, cut.series.energies, cut.energy, MOST_POINTS):
            rows.append([cut.series.state, cut.series.of.seed, cut.run, *point])
    return Table("regime-points", "Residual through time", columns, rows, shown=False)


def drawn(
    times: np.ndarray, values: np.ndarray, points: ChangePoints, most: int
) -> Iterator[tuple[float, float, float]]:
    """Time (ps), value and level of about so many values, the first and the last of each level among them."""
    ends = [0, *(one.place for one in points.found), len(times)]
    step = len(times) // most + 1
    for low, high in pairwise(ends):
        level = float(values[low:high].mean())
        for place in sorted({*range(low, high, step), high - 1}):
            yield float(times[place]) / 1000, float(values[place]), level


def middle(times: np.ndarray, one: ChangePoint) -> float:
    """fs; halfway between the last frame of a regime and the first of the next."""
    return float(times[one.place - 1] + times[one.place]) / 2


def seeds(cuts: Iterable[Cut]) -> Column:
    """The column of seeds, shown where there are several."""
    return Column("seed", description="Of the fine-tuning.", shown=len({cut.series.of.seed for cut in cuts}) > 1)


def _whose(signals: Sequence[Signal]) -> tuple[Column, ...]:
    """Columns for `Signal.whose`, those alone shown that tell signals apart."""
    seen = {one.whose[1] for one in signals} - {None}
    states, training = ({one.whose[place] for one in signals} - {""} for place in (0, 2))
    return (
        replace(STATE, description=f"{STATE.description} Empty for mean Q.", shown=bool(states)),
        Column("seed", description="Of the fine-tuning.", shown=len(seen) > 1),
        replace(TRAINING, description="What mean Q is of; empty for errors.", shown=bool(training)),
        SAMPLED_BY,
        TRAJECTORY,
    )


def _edges(cut: Cut, cuts: Sequence[Cut]) -> list[float]:
    """fs; where the regimes of the trajectory meet."""
    drivers = [one for one in cuts if one.series.own and one.run == cut.run]
    chosen = min(drivers, key=lambda one: one.series.of.seed) if drivers else cut
    return [middle(chosen.series.times, one) for one in chosen.energy.found]


def _within(times: np.ndarray, one: ChangePoint) -> float:
    """fs; the farther of the two ends, a frame at least."""
    low = times[max(round(one.place - 1 - one.within), 0)]
    high = times[min(round(one.place + one.within), len(times) - 1)]
    center = middle(times, one)
    return float(max(center - low, high - center))
