"""stability: how long each trajectory went well, and what ended those that ended early."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from whet.analyses.parts.naming import state_names
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Figure, Findings, Table, Verdict
from whet.contracts.ports import Port, SampledTrajectory
from whet.contracts.ref import LABELER, Ref
from whet.contracts.task import Work

COLUMNS = (
    Column("state", description="Who drove the trajectory."),
    Column("purpose", description="The frames that it was sampled for."),
    Column("trajectory", description="Its number there, from 0."),
    Column("time", "fs", "How long it went on: to its end, or to what ended it.", decimals=0),
    Column("ended by", description="The monitor that ended it before its time; empty for a complete one."),
    Column("reason", description="What the monitor saw."),
)


class Stability(Analysis):
    """How long trajectories went on before a monitor ended them, by who drove them."""

    name = "stability"
    place = 55
    inputs: ClassVar = {"trajectories": Port(SampledTrajectory, what="every trajectory of the study, once")}

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        once = {piece.key: piece for piece in study.all(SampledTrajectory) if piece.ref.sampled_by is not None}
        return [Wanted({"trajectories": list(once.values())})] if once else []

    def run(self, work: Work) -> Findings:
        found = [(one, one.ref.sampled_by or Ref()) for one in work.all("trajectories", SampledTrajectory)]
        if not found:
            return Findings("Stability", notes=["there is no trajectory"])
        names = {**state_names(driver for _, driver in found if driver != LABELER), LABELER: "reference dynamics"}
        rows: list[list[Cell]] = []
        for one, driver in found:
            end = one.end or {}
            time = float(end.get("time", one.times[-1] if len(one.times) else 0.0))
            name = names[driver if driver == LABELER else driver.state]
            monitor, what = str(end.get("monitor", "")), str(end.get("what", ""))
            rows.append([name, one.ref.set, one.ref.trajectory, time, monitor, what])
        early = sum(bool(one.end) for one, _ in found)
        every = f"{len(found)} trajectories" if len(found) > 1 else "1 trajectory"
        return Findings(
            "Stability",
            tables=[Table("stability", "How long each trajectory went on", COLUMNS, rows, folded=len(rows) > 12)],
            figures=[_figure()],
            verdicts=[Verdict("Did dynamics go well?", f"{early} of {every} ended early", prominent=bool(early))],
            definition="The time at which a monitor ended a trajectory (t_stab of Fu et al.); of those that none "
            "ended, the time of the last frame, so their stability is at least that.",
        )


def _figure() -> Figure:
    spec = {
        "data": {"name": "stability"},
        "mark": {"type": "point", "filled": True, "tooltip": {"content": "data"}},
        "encoding": {
            "x": {"field": "time", "type": "quantitative", "title": "time (fs)", "scale": {"zero": True}},
            "y": {"field": "state", "type": "nominal", "sort": None, "title": None},
            "color": {"field": "state", "type": "nominal", "legend": None},
            "shape": {"field": "ended by", "type": "nominal"},
        },
    }
    caption = "How long each trajectory went on; the shape says what ended it."
    return Figure("stability", caption, caption + " The table has the numbers.", spec)
