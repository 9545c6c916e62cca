"""The summary table of a test set, and the section of the sets that the first screen does not show."""

from __future__ import annotations

from whet.data.numbers import count
from whet.report.arms import Arm
from whet.report.findings import Findings
from whet.report.parts import Section, slug
from whet.report.tables import Cell, Column, Table
from whet.study.plan import TestSet

READING = (
    "Scale: slope of predicted against reference force components; below 1 the potential is soft. R²: the scale of an "
    "imperfect but unbiased predictor, so only a scale below R² is softness; reading “noise”: softness is not shown. "
    "Brackets: 95 % bootstrap over frames, too narrow where frames of one trajectory are alike."
)


def reading_note(arms: list[Arm]) -> str:
    """How to read the summary tables, no more than these need."""
    note = READING
    if any(len(arm.scores) > 1 for arm in arms):
        note += " ±: standard deviation over seeds."
    if any(arm.corrected for arm in arms):
        note += " One scale: forces divided by the factor that the strongest frame of the first training data gives."
    return note


def summary_table(findings: Findings, test: TestSet, name: str, arms: list[Arm] | None = None) -> Table:
    """What every reader wants to know of each arm, in one row."""
    arms = findings.arms(test) if arms is None else arms
    tuned = {len(arm.scores) for arm in arms if arm.strategy}
    columns = (
        Column("potential", shown=len(findings.potentials) > 1),
        Column("state"),
        Column("labels"),
        Column("scale", decimals=3, interval=True, spread=True),
        Column("R²", decimals=3, spread=True, brief=True),
        Column("MAE F", "eV/Å", interval=True, spread=True),
        Column("relative RMSE F", decimals=1, percent=True),
        Column("reading"),
        Column("time per frame", "s", decimals=3, shown=len(findings.potentials) > 1),
        Column("seeds", shown=len(tuned) > 1),
        Column("frames", shown=False),
        Column("left out", shown=any(arm.left_out for arm in arms)),
        Column("set", shown=False),
    )
    return Table(name, _caption(test, arms), columns, [_row(arm, test) for arm in arms])


def _row(arm: Arm, test: TestSet) -> list[Cell]:
    labels: Cell = None if arm.untouched else int(arm.labels_shown) if arm.labels_shown.isdigit() else arm.labels_shown
    return [
        arm.potential,
        arm.state,
        labels,
        arm.scale,
        arm.over_seeds(lambda score: score.softening.slopes.r2),
        arm.mae,
        arm.over_seeds(lambda score: score.errors.relative_force_rmse).value,
        arm.readings,
        None if arm.corrected else arm.over_seeds(lambda score: score.seconds_per_frame).value,
        len(arm.scores),
        arm.frames,
        arm.left_out,
        test.name,
    ]


def _caption(test: TestSet, arms: list[Arm]) -> str:
    frames = count(min(arm.frames for arm in arms), "frame")
    seeds = {len(arm.scores) for arm in arms if arm.strategy}
    frames += f"; fine-tuned: means over {seeds.pop()} seeds" if len(seeds) == 1 and seeds != {1} else ""
    if test.kind == "replay":
        return f"“{test.name}” (of the foundation model's training set: what was forgotten; {frames})"
    return f"“{test.name}” ({frames})"


def other_sets_section(findings: Findings) -> Section | None:
    """The summary of every other independent set, and of what was forgotten."""
    tests = [test for test in findings.tests if test != findings.main_test]
    if not tests:
        return None
    tables = [
        summary_table(findings, test, f"summary-{place}-{slug(test.name)}") for place, test in enumerate(tests, 2)
    ]
    return Section("Other test sets", tables=tables)
