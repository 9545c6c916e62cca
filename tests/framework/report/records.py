"""Records made by hand: no study, no potential."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whet.contracts.findings import Column, Estimate, Figure, Findings, Table, Verdict
from whet.study.record import Record
from whet.study.section import Section

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle id="a" cx="4" cy="4" r="3"/></svg>'


def errors(states: Sequence[str] = ("untouched", "naive 2"), **how: Any) -> Table:
    """Force errors of some states."""
    columns = (
        Column("state"),
        Column("labels"),
        Column("MAE F", "eV/Å", "mean absolute error of all components", interval=True, spread=True),
    )
    rows = [
        (state, 2 * place, Estimate(0.3 / (place + 1), (0.25 / (place + 1), 0.35 / (place + 1)), 0.01, 3))
        for place, state in enumerate(states)
    ]
    return Table("errors", "Force errors", columns, rows, **how)


def curve(name: str = "curve", **how: Any) -> Figure:
    """Force errors against labels, a color for each state."""
    spec = {
        "data": {"name": "errors"},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "labels", "type": "quantitative"},
            "y": {"field": "MAE F", "type": "quantitative"},
            "color": {"field": "state", "type": "nominal"},
        },
    }
    return Figure(name, "Force errors against labels.", "Force errors fall with labels.", spec, **how)


def findings(**how: Any) -> Findings:
    """What an analysis of errors found."""
    said = Verdict("How biased?", "soft by 12 %", "scale 0.88 [0.85, 0.91]", 6, limits="surfaces")
    whole: dict[str, Any] = {
        "tables": [errors()],
        "figures": [curve()],
        "verdicts": [said],
        "definition": "The mean over all components.",
        "source": "A paper, Eq. 3",
        "notes": ["Frames of one trajectory are alike."],
    }
    return Findings("Errors", **{**whole, **how})


def record(*found: Findings, **how: Any) -> Record:
    """A record of one analysis, whose runs these are; of one run where none is given."""
    how = {"about": {"results": "1"}, **how}
    return Record("a study", [Section("errors", found or [findings()])], **how)


def rich() -> Record:
    """Two analyses, one of them on two sets, with everything that findings may hold."""
    short = findings(
        figures=[curve("first", prominent=True), curve()],
        tables=[errors(), Table("hidden", "Not on the page", [Column("a")], [[1]], shown=False)],
    )
    near, far = (
        Findings(
            "Learning",
            label,
            [errors(folded=True)],
            [curve("learning"), Figure("sketch", "A sketch.", "A circle.", svg=PICTURE)],
            [Verdict.of_units(units, "Naive or periodic?", f"periodic is better on {label}")],
            "The same for both.",
        )
        for label, units in (("near <i>", 8), ("far", 2))
    )
    return Record(
        "a study",
        [Section("summary", [short]), Section("learning", [near, far])],
        missing=["No descriptor is named."],
        warnings=["Two steps failed."],
        scores=[{"potential": "a", "mae": 0.1}],
        about={"results": "1"},
        subject=["main: toy", "reference: PBE"],
    )
