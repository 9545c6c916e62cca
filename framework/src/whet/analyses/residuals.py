"""residuals: the error of the energy along each potential's own trajectories."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, ClassVar

from whet.analyses.parts.alignment import first_fine_tunings, given_energies
from whet.analyses.parts.naming import state_names
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Estimate, Figure, Findings, Table
from whet.contracts.ports import FineTuning, Port, Predictions, SampledTrajectory
from whet.contracts.ref import Ref
from whet.contracts.task import Work
from whet.data.errors import FrameError

if TYPE_CHECKING:
    from whet.bias.residuals import ResidualTrace

TITLE = "Energy along each own trajectory"
MOST_LINES = 12
"""Potentials that the figure shows."""


class Residuals(Analysis):
    """(E of the driving potential − E of the labels) / n_atoms against time, with mean and drift."""

    name = "residuals"
    result_version = 4
    place = 50
    by_default = True
    inputs: ClassVar = {
        "predictions": Port(Predictions, what="of each potential, on its own trajectory"),
        "trajectories": Port(SampledTrajectory, what="the own trajectories: their times"),
        "fine-tunings": Port(FineTuning, what="the first of each potential: it aligned the untouched one's energies"),
    }

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        pieces = [one for one in study.all(Predictions, set_kind="self") if one.ref.state == one.ref.sampled_by]
        drivers = {one.ref.state for one in pieces}
        sampled = [one for one in study.all(SampledTrajectory, set_kind="self") if one.ref.sampled_by in drivers]
        if not pieces or not sampled:
            return []
        tuned = first_fine_tunings(study, (one.ref.potential for one in pieces if one.ref.untouched))
        return [Wanted({"predictions": pieces, "trajectories": sampled, "fine-tunings": tuned})]

    def run(self, work: Work) -> Findings:
        traces, why_not, notes = _traces(work)
        if not traces:
            return Findings(TITLE, notes=notes or ["there are no predictions for own trajectories"])
        names = state_names(traces)
        notes += [f"No drift and no deviation of {names[state]}: {reason}." for state, reason in why_not.items()]
        longest = max(float(trace.times.max()) for trace in traces.values())
        unit, factor = ("ps", 1000.0) if longest >= 1000 else ("fs", 1.0)
        few = f" The first {MOST_LINES} potentials." if len(traces) > MOST_LINES else ""
        return Findings(
            TITLE,
            tables=(_summary(traces, names, why_not), _points(traces, names, unit, factor)),
            figures=(_lines(unit, f"Energy residual along each potential's own trajectory.{few}"),),
            definition="The energy of the driving potential minus that of the labels, per atom. An untouched potential "
            "is aligned by the reference energies of the first fine-tuning (“given”), so its mean says how "
            "far it drifted from there; without a fine-tuning nothing aligns it. Drift: of each "
            "trajectory, averaged; the intervals are over trajectories, of which four are needed. It is "
            "undecided where the interval has 0 in it and leaves room for a change by over half a deviation "
            "in a run; the CSV has the number. A series that lasts fewer than ten periods of its fastest "
            "mode, or in which the driver's own energy still runs down or up, has neither a drift nor a "
            "deviation.",
            source="Wong & Yang, figure 2",
            notes=notes,
        )


def _traces(work: Work) -> tuple[dict[Ref, ResidualTrace], dict[Ref, str], list[str]]:
    """The trace of each driving potential, why it has no drift if so, and a sentence for each that has no trace."""
    from whet.bias.pairs import Comparison
    from whet.bias.residuals import residual_trace
    from whet.bias.settled import Settled

    runs: dict[Ref | None, list[SampledTrajectory]] = {}
    for one in work.all("trajectories", SampledTrajectory):
        runs.setdefault(one.ref.sampled_by, []).append(one)
    given = given_energies(work.all("fine-tunings", FineTuning))
    traces, why_not, notes = {}, {}, []
    for predictions in work.all("predictions", Predictions):
        state = predictions.ref.state
        own = sorted(runs.get(state, ()), key=lambda one: one.ref.trajectory or 0)
        times = [one.times[index] for one in own for index in one.kept]
        aligned = given.get(state.potential) if state.untouched else None
        try:
            trace = residual_trace(Comparison.of_predictions(predictions), times, aligned)
        except FrameError as error:
            notes.append(f"{predictions.ref}: {error.what}.")
        else:
            traces[state] = trace
            if reason := Settled.of_trajectories(own, [predictions]).reason:
                why_not[state] = reason
    return traces, why_not, notes


def _summary(traces: dict[Ref, ResidualTrace], names: dict[Ref, str], why_not: Collection[Ref]) -> Table:
    columns = (
        Column("potential", description="The potential that drove the trajectory."),
        Column("drifts?", description="Up or down: the interval of the drift excludes 0. No: it is small over a run."),
        Column("mean", "meV/atom", "Mean of the residual.", decimals=1, interval=True),
        Column("deviation", "meV/atom", "Standard deviation about the mean of each trajectory.", decimals=2),
        Column(
            "drift",
            "meV/atom/ps",
            "Slope of each trajectory's line, averaged.",
            decimals=1,
            interval=True,
            shown=any(trace.drifts != "undecided" for state, trace in traces.items() if state not in why_not),
        ),
        Column("alignment", description="Whether reference energies were given, or none."),
        Column("trajectories", description="Independent trajectories."),
        Column("frames", description="Frames with a label and a prediction."),
        Column(
            "left out",
            description="Frames without one of them.",
            shown=any(trace.left_out for trace in traces.values()),
        ),
    )
    rows: list[list[Cell]] = [
        [
            names[state],
            None if state in why_not else trace.drifts,
            Estimate(trace.mean, trace.mean_interval),
            None if state in why_not else trace.deviation,
            None if state in why_not else Estimate(trace.drift, trace.drift_interval),
            trace.alignment,
            trace.trajectories,
            len(trace.times),
            len(trace.left_out),
        ]
        for state, trace in traces.items()
    ]
    return Table("residuals", "Residuals along trajectories", columns, rows)


def _points(traces: dict[Ref, ResidualTrace], names: dict[Ref, str], unit: str, factor: float) -> Table:
    columns = (
        Column("state", description="The potential that drove the trajectory."),
        Column("run", description="Number of the trajectory."),
        Column("time", unit, "Time since the trajectory began."),
        Column("residual", "meV/atom", "Energy of the potential minus that of the labels, per atom."),
    )
    rows: list[list[Cell]] = []
    for state, trace in list(traces.items())[:MOST_LINES]:
        times, run = trace.times.tolist(), 1
        for place, (time, residual) in enumerate(zip(times, trace.residuals.tolist(), strict=True)):
            run += place > 0 and time <= times[place - 1]  # a trajectory begins where the time goes back
            rows.append([names[state], run, time / factor, residual])
    return Table("residual-points", "Residual of each frame", columns, rows, shown=False)


def _lines(unit: str, caption: str) -> Figure:
    lines = {
        "mark": {"type": "line", "point": True, "tooltip": {"content": "data"}},
        "encoding": {
            "x": {"field": "time", "type": "quantitative", "title": f"time ({unit})"},
            "y": {"field": "residual", "type": "quantitative", "title": "residual (meV/atom)"},
            "color": {"field": "state", "type": "nominal", "sort": None, "title": None},
            "detail": {"field": "run", "type": "nominal"},
        },
    }
    zero = {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"y": {"datum": 0}}}
    spec = {"data": {"name": "residual-points"}, "layer": [zero, lines], "width": 480, "height": 200}
    return Figure("residuals", caption, caption + " The table has mean and drift.", spec)
