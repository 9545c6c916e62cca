"""An analysis that is wrong on purpose in one way."""

from __future__ import annotations

import time
from typing import ClassVar

from whet import (
    Analysis,
    Column,
    Estimate,
    Figure,
    Findings,
    InputError,
    InteractivePage,
    LabeledFrames,
    Options,
    Port,
    Table,
    Verdict,
    Wanted,
)


class FaultyAnalysisOptions(Options):
    """What is wrong."""

    fault: str = ""
    """Which fault; empty for none."""


class FaultyAnalysis(Analysis):
    """The largest force in each independent set."""

    name = "faulty"
    Options = FaultyAnalysisOptions
    inputs: ClassVar = {"frames": Port(LabeledFrames), "one": Port(LabeledFrames, many=False)}

    def wants(self, study):
        fault = self.options.fault
        pieces = study.all(LabeledFrames, set_kind="independent")
        if not pieces:
            return [Wanted()] if fault == "wants always" else []
        wanted = Wanted({"frames": pieces})
        extra = {
            "same label": [wanted],
            "many into one": [Wanted({"frames": pieces, "one": pieces}, label="more")],
            "no such port": [Wanted({"frames": pieces, "frame": pieces}, label="more")],
            "other kind": [Wanted({"frames": pieces, "one": study.all("potentials")[:1]}, label="more")],
            "no such role": [Wanted({"frames": pieces}, {"forces": "force field"}, label="more")],
        }
        return [wanted, *extra.get(fault, ())]

    def run(self, work):
        import numpy as np

        fault = self.options.fault
        inputs = work.all("frames", LabeledFrames)
        if not (any(len(one.frames) for one in inputs) or fault == "bare error"):
            raise InputError("there is no labeled frame")
        if fault == "in place":
            for one in inputs:
                vars(one.frames[0].calc)["results"]["forces"][:] *= 2
        largest = {(one.ref.set, one.ref.trajectory): self._largest(one) for one in inputs}
        rows = [
            [name, number, Estimate(float(np.mean(found)), self._interval(found))]
            for (name, number), found in largest.items()
        ]
        largest_of_all = max(rows, key=lambda row: row[2].value)[0]
        if fault == "numpy":
            rows = [[name, number, np.float32(one.value)] for name, number, one in rows]
        if fault == "clock":
            rows[0][2] = Estimate(time.perf_counter())
        if fault == "seeds":
            np.random.seed(3)  # noqa: NPY002 -- it is the fault
        if fault == "order of a set":
            rows = [[name, number, Estimate(float(hash("forces") % 1000))] for name, number, _ in rows]
        if fault == "prints":
            print("working …")
        if fault == "leaves files":
            from pathlib import Path

            Path("forces.txt").write_text("left behind")
        name = "largest forces" if fault == "no name" else "largest-forces"
        columns = [
            Column("set", description="The name of the set."),
            Column("trajectory", description="Its number."),
            Column("force", "" if fault == "no unit" else "eV/Å", interval=True),
        ]
        if fault == "two of a name":
            columns[1] = Column("set", description="The number of the trajectory.")
        frames = sum(len(found) for found in largest.values())
        best = rows[0][0] if fault == "first is best" else largest_of_all
        units = frames if fault == "counts frames" else len(rows)
        verdict = Verdict.of_units(units, "Where are forces largest?", f"in {best}")
        return Findings(
            "Forces",
            tables=[Table(name, "Largest forces", columns, rows)],
            figures=[self._figure()],
            verdicts=[verdict],
        )

    def _largest(self, one):
        return [float(abs(frame.get_forces()).max()) for frame in one.frames]

    def _interval(self, found):
        if len(found) < 2 and self.options.fault != "interval of a point":
            return None
        return min(found), max(found)

    def _figure(self):
        fault = self.options.fault
        spec = {
            "data": {"name": "largest forces" if fault == "no name" else "largest-forces"},
            "mark": "no such mark" if fault == "no such mark" else "bar",
            "encoding": {
                "x": {"field": "set", "type": "nominal"},
                "y": {"field": "forces" if fault == "no such field" else "force", "type": "quantitative"},
            },
        }
        script = '<script src="https://cdn.example.org/plot.js"></script>' if fault == "loads a script" else ""
        page = InteractivePage(f"<!DOCTYPE html><p>Forces</p>{script}")
        caption = "" if fault == "no caption" else "Forces"
        return Figure("forces", caption, "The largest force of each set.", spec, page=page)
