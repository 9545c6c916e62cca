"""The energy residual along each potential's own trajectory."""

from __future__ import annotations

from whet.bias.residuals import ResidualTrace, residual_trace
from whet.contracts.findings import Estimate
from whet.report.drawing import GRAY, canvas, legend_below, plain
from whet.report.findings import Findings
from whet.report.parts import Section
from whet.report.pictures import Picture
from whet.report.tables import Cell, Column, Table
from whet.study.plan import Member, Trajectory
from whet.study.results import Results

MOST_LINES = 12


def residual_section(findings: Findings) -> Section | None:
    """(E_potential − E_label)/n_atoms against time."""
    traces = _traces(findings.results)
    if not traces:
        return None
    figure, (axes,) = canvas(width=6.4, height=2.8)
    longest = max(float(trace.times.max()) for trace in traces.values())
    unit, factor = ("ps", 1000.0) if longest >= 1000 else ("fs", 1.0)
    for member, trace in list(traces.items())[:MOST_LINES]:
        series = (member.potential, member.strategy)
        color, marker = findings.styles.color(series), findings.styles.marker(series)
        dash, inside = (findings.styles.dash(series), color) if member.strategy else ("-", "w")
        label = plain(findings.shown_member(member))
        for place, (times, residuals) in enumerate(_runs(trace)):
            axes.plot(
                times / factor,
                residuals,
                marker=marker,
                ls=dash,
                ms=3.5,
                lw=1,
                color=color,
                mfc=inside,
                label="" if place else label,
            )
    axes.axhline(0, color=GRAY, lw=0.8, ls="--")
    axes.set_xlabel(f"time ({unit})")
    axes.set_ylabel("residual (meV/atom)")
    legend_below(figure, [axes])
    columns = (
        Column("potential"),
        Column("mean", "meV/atom", decimals=1, interval=True),
        Column("deviation", "meV/atom", decimals=2),
        Column("drift", "meV/atom/ps", decimals=1, interval=True),
        Column("alignment"),
        Column("frames"),
        Column("left out", shown=any(trace.left_out for trace in traces.values())),
    )
    rows: list[list[Cell]] = [
        [
            findings.shown_member(member),
            Estimate(trace.mean, trace.mean_interval),
            trace.deviation,
            Estimate(trace.drift, trace.drift_interval),
            trace.alignment,
            len(trace.times),
            len(trace.left_out),
        ]
        for member, trace in traces.items()
    ]
    text = (
        "The energy of the driving potential minus that of the labels, per atom. An untouched potential is "
        "aligned by the "
        "reference energies of the first fine-tuning (“given”), so its mean says how far it drifted from there; "
        "without a "
        "fine-tuning nothing aligns it."
    )
    few = f" The first {MOST_LINES} potentials." if len(traces) > MOST_LINES else ""
    caption = f"Energy residual along each potential's own trajectory.{few}"
    return Section(
        "Energy along each own trajectory",
        [text],
        [Picture("residuals", caption, figure, caption + " The table has mean and drift.")],
        [Table("residuals", "Residuals along trajectories", columns, rows)],
    )


def _traces(results: Results) -> dict[Member, ResidualTrace]:
    found = {}
    for test in results.plan.tests:
        if test.kind != "self" or test.of is None or (score := results.score(test.of, test)) is None:
            continue
        times = _times(results, [t for t in results.plan.trajectories if t.purpose == "self" and t.driver == test.of])
        given = None if test.of.step else results.reference_energies(test.of.potential)
        found[test.of] = residual_trace(score.comparison, times, given)
    return found


def _runs(trace: ResidualTrace):
    """Times and residuals of each trajectory: a new one begins where the time goes back."""
    import numpy as np

    cuts = np.flatnonzero(np.diff(trace.times) <= 0) + 1
    return zip(np.split(trace.times, cuts), np.split(trace.residuals, cuts), strict=True)


def _times(results: Results, trajectories: list[Trajectory]) -> list[float]:
    """Times (fs) of the labeled frames of the trajectories, one after the other."""
    times: list[float] = []
    for one in trajectories:
        every, kept = results.values(one.md)["times"], results.values(one.labels)["kept"]
        times += [every[index] for index in kept]
    return times
