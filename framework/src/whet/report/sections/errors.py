"""Error tables: energy, forces and stress on every test set."""

from __future__ import annotations

from whet.report.arms import Arm
from whet.report.findings import Findings
from whet.report.parts import Section, slug
from whet.report.tables import Cell, Column, Table
from whet.study.plan import TestSet
from whet.study.results import Score


def errors_section(findings: Findings) -> Section | None:
    """One table a set, and one of the errors by element."""
    if not findings.tests:
        return None
    tables = []
    for place, test in enumerate(findings.tests, 1):
        arms = findings.arms(test)
        name = f"{place}-{slug(test.name)}".rstrip("-")
        tables.append(_errors(f"errors-{name}", findings, arms, test))
        if len(arms[0].scores[0].errors.forces_by_element) > 1:
            tables.append(_by_element(f"elements-{name}", findings, arms, test))
    out = [row for test in findings.tests for arm in findings.arms(test) for row in _left_out(arm, test)]
    if out:
        columns = (Column("potential"), Column("state"), Column("set"), Column("frame"), Column("reason"))
        tables.append(Table("left-out", "Frames left out of these numbers", columns, out, folded=len(out) > 12))
    text = (
        "Energies are per atom. “Raw” is as predicted: a fine-tuned potential answers on the energy scale of "
        "its labels, an "
        "untouched one on its own, which may be far away. “Fitted here” adds per-element reference energies fitted on "
        "these very frames, which flatters. cMAE: what is left of the force error once the scale is corrected to 1."
    )
    return Section("Errors", [text], tables=tables)


def _errors(name: str, findings: Findings, arms: list[Arm], test: TestSet) -> Table:
    columns = (
        Column("potential", shown=len(findings.potentials) > 1),
        Column("state"),
        Column("MAE F", "eV/Å", interval=True, spread=True, shown=False),
        Column("RMSE F", "eV/Å", interval=True, spread=True),
        Column("cMAE F", "eV/Å"),
        Column("MAE E raw", "meV/atom", shown=False),
        Column("RMSE E raw", "meV/atom"),
        Column("MAE E fitted here", "meV/atom", shown=False),
        Column("RMSE E fitted here", "meV/atom"),
        Column("RMSE S", "eV/Å³"),
        Column("frames", shown=len({arm.frames for arm in arms}) > 1),
        Column("left out", shown=any(arm.left_out for arm in arms)),
        Column("seeds", shown=False),
        Column("seconds a frame", shown=False),
    )
    return Table(name, f"Errors on “{test.name}”", columns, [_row(arm) for arm in arms])


def _row(arm: Arm) -> list[Cell]:
    def mean(value) -> float | None:
        return arm.over_seeds(value).value

    return [
        arm.potential,
        arm.state,
        arm.mae,
        arm.over_seeds(lambda s: s.errors.forces.rmse, lambda s: s.errors.forces.rmse_interval),
        mean(lambda s: s.softening.slopes.cmae),
        mean(lambda s: s.errors.energy_raw.mae),
        mean(lambda s: s.errors.energy_raw.rmse),
        mean(lambda s: s.errors.energy_fitted_here.mae),
        mean(lambda s: s.errors.energy_fitted_here.rmse),
        mean(lambda s: None if s.errors.stress is None else s.errors.stress.rmse),
        arm.frames,
        arm.left_out,
        len(arm.scores),
        mean(lambda s: s.seconds_per_frame),
    ]


def _by_element(name: str, findings: Findings, arms: list[Arm], test: TestSet) -> Table:
    symbols = list(arms[0].scores[0].errors.forces_by_element)
    columns = [
        Column("potential", shown=len(findings.potentials) > 1),
        Column("state"),
        *(Column(f"MAE {symbol}", "eV/Å") for symbol in symbols),
    ]

    def of(symbol: str):
        def value(score: Score) -> float | None:
            found = score.errors.forces_by_element.get(symbol)
            return None if found is None else found.mae

        return value

    rows = [[arm.potential, arm.state, *(arm.over_seeds(of(symbol)).value for symbol in symbols)] for arm in arms]
    return Table(name, f"Force errors by element on “{test.name}”", columns, rows, folded=True)


def _left_out(arm: Arm, test: TestSet) -> list[list[Cell]]:
    if arm.corrected:
        return []
    return [
        [
            arm.potential,
            arm.state + (f", seed {score.member.seed}" if len(arm.scores) > 1 else ""),
            test.name,
            one.index,
            one.reason,
        ]
        for score in arm.scores
        for one in score.errors.left_out
    ]
