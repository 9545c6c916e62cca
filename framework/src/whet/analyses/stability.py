"""stability: how long each trajectory went well, and what ended those that ended early or went astray."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from whet.analyses.parts.naming import state_names
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Figure, Findings, Table, Verdict
from whet.contracts.options import Options
from whet.contracts.ports import Port, SampledTrajectory
from whet.contracts.ref import LABELER
from whet.contracts.task import Work
from whet.data.stability_limits import StabilityLimits

COLUMNS = (
    Column("state", description="Who drove the trajectory; where nobody says, the name of its set."),
    Column("purpose", description="The frames that it was sampled for."),
    Column("trajectory", description="Its number there, from 1."),
    Column("time", "fs", "How long it was stable: to its end, to what ended it, or to a limit.", decimals=0),
    Column(
        "ended by",
        description="The monitor that ended it before its time, or the limit that a frame is beyond; empty for a "
        "complete one.",
    ),
    Column("reason", description="What the monitor saw, or what the frame has."),
)


class StabilityOptions(Options):
    """Limits beyond which a frame is no longer of a stable trajectory."""

    density: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(gt=0)]] | None = (0.2, 2.0)
    """g/cm³, lowest and highest, where a barostat moves the cell and the start is between them; `null`: none."""
    stretch: float | None = Field(default=0.5, gt=0)
    """Å; a bond of the starting structure between two nonmetals that is longer by more than this than the bonds of its
    kind were at the start is broken; `null`: none is."""


class Stability(Analysis[StabilityOptions]):
    """How long trajectories were stable: until a monitor ended them or a frame was beyond a limit."""

    name = "stability"
    result_version = 3
    Options = StabilityOptions
    place = 55
    inputs: ClassVar = {"trajectories": Port(SampledTrajectory, what="every trajectory of the study, once")}

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        once = {piece.key: piece for piece in study.all(SampledTrajectory)}
        return [Wanted({"trajectories": list(once.values())})] if once else []

    def run(self, work: Work) -> Findings:
        found = work.all("trajectories", SampledTrajectory)
        if not found:
            return Findings("Stability", notes=["there is no trajectory"])
        known = [one.ref.sampled_by for one in found if one.ref.sampled_by is not None]
        names = {**state_names(driver for driver in known if driver != LABELER), LABELER: "reference dynamics"}
        rows: list[list[Cell]] = []
        for one in found:
            driver = one.ref.sampled_by
            who = one.ref.set if driver is None else names[driver if driver == LABELER else driver.state]
            rows.append([who, one.ref.set, one.ref.number, *self._stable(one)])
        early = sum(bool(row[-2]) for row in rows)
        every = f"{len(found)} trajectories" if len(found) > 1 else "1 trajectory"
        return Findings(
            "Stability",
            tables=[Table("stability", "How long each trajectory went on", COLUMNS, rows, folded=len(rows) > 12)],
            figures=[_figure()],
            verdicts=[Verdict("Did dynamics go well?", f"{early} of {every} ended early", prominent=bool(early))],
            definition="The time at which a monitor ended a trajectory, or at which a frame was beyond a limit, "
            f"whichever came first (t_stab){self._limits()}. Of the others the time of the last frame: "
            "they are stable for at least that long. Frames between those that were kept are not seen.",
            source="Fu et al., Forces are not enough; limits: Niblett et al., section 3",
        )

    def _stable(self, one: SampledTrajectory) -> tuple[float, str, str]:
        """Until when it was stable, fs, and what ended that; empty words where nothing did."""
        end = one.end or {}
        time = float(end.get("time", one.times[-1] if len(one.times) else 0.0))
        limits = StabilityLimits(self.options.density, self.options.stretch)
        left = limits.departure(one.start, one.frames, one.times)
        if left is not None and (not end or left.time < time):
            return left.time, left.by, left.what
        return time, str(end.get("monitor", "")), str(end.get("what", ""))

    def _limits(self) -> str:
        """The limits in words, to go on from `limit`."""
        words = []
        if self.options.density is not None:
            low, high = self.options.density
            words.append(f"a density that leaves {low:g} to {high:g} g/cm³ where the cell moves")
        if self.options.stretch is not None:
            words.append(
                f"a bond between nonmetals that is {self.options.stretch:g} Å longer than the bonds of its kind were "
                "at the start"
            )
        return f": {', or '.join(words)}" if words else ""


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
