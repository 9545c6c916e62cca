"""What was run: components, theory, steps, versions, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from whet.data.numbers import count
from whet.report.findings import Findings
from whet.report.parts import Section
from whet.report.tables import Cell, Column, Table

if TYPE_CHECKING:
    from markupsafe import Markup


def plan_section(findings: Findings) -> Section:
    """Everything that a reader needs to judge where the numbers come from."""
    tables = [_components(findings), _failures(findings), _unscored(findings), _steps(findings), _versions(findings)]
    return Section("What was run", _text(findings), tables=[table for table in tables if table.rows])


def _text(findings: Findings) -> list[str | Markup]:
    results = findings.results
    text: list[str | Markup] = []
    if results.theories:
        text.append("Reference labels: " + "; ".join(str(theory) for theory in results.theories) + ".")
    for name, theory in _theories_of_files(findings).items():
        text.append(f"Labels of {name}: {theory}, as the study file says.")
    labels = results.labels
    if labels["labeled"]:
        shared = labels["labeled"] - labels["bought"]
        others = f"; the other {shared} were in the label store already" if shared else ""
        text.append(f"{count(labels['labeled'], 'label')} used, {labels['bought']} of them computed here{others}.")
    text += [warning(f"{what}.") for what in results.data_findings]
    text += [f"{title} ended early: {reason}." for title, reason in results.stopped]
    text += [f"{title} was killed and taken up again, without {lost}." for title, lost in results.resumed]
    mixed = [name for name, numbers in results.versions.items() if len(numbers) > 1]
    if mixed:
        text.append(warning(f"Results of several versions are mixed: {', '.join(mixed)}."))
    for title in results.stale:
        text.append(warning(f"{title} was made from an input that was since recomputed and came out different."))
    return text


def warning(text: str) -> Markup:
    """A sentence that must not be overlooked."""
    from markupsafe import Markup

    return Markup('<b class="warning">{}</b>').format(text)


def _theories_of_files(findings: Findings) -> dict[str, str]:
    file = findings.study.file
    entries = {**file.data, **file.tests}
    return {name: entry.theory for name, entry in entries.items() if entry.theory}


def _components(findings: Findings) -> Table:
    cast = findings.study.cast
    rows: list[list[Cell]] = []
    for name, player in cast.potentials.items():
        component = player.role.component
        rows.append([f"potential {name}", component.name, _options(component.options), player.role.environment])
    for title, role in (("labeler", cast.labeler), ("structures", cast.structures), ("descriptor", cast.descriptor)):
        if role is not None:
            rows.append([title, role.component.name, _options(role.component.options), role.environment])
    for environment, engine in cast.engines.items():
        rows.append(["dynamics", engine.name, _options(engine.options), environment])
    columns = (Column("role"), Column("component"), Column("options"), Column("environment"))
    return Table("components", "What was put together", columns, rows)


def _options(options: Mapping[str, object]) -> str:
    """`model: soft, scale: 1.0`, without those that are not set."""
    return ", ".join(f"{key}: {value}" for key, value in options.items() if value not in (None, "", {}, []))


def _failures(findings: Findings) -> Table:
    rows: list[list[Cell]] = [
        [title, entry["index"], entry["reason"], str(entry.get("log") or "")]
        for title, entry in findings.results.failures
    ]
    columns = (Column("step"), Column("frame"), Column("reason"), Column("log"))
    return Table("failures", "Frames that could not be labeled", columns, rows, folded=len(rows) > 12)


def _unscored(findings: Findings) -> Table:
    rows = findings.results.unscored
    caption = "Evaluations that give no number"
    return Table("unscored", caption, (Column("evaluation"), Column("reason")), rows, folded=len(rows) > 12)


def _steps(findings: Findings) -> Table:
    store, plan, seconds = findings.study.store, findings.results.plan, findings.results.cost
    rows: list[list[Cell]] = [
        [kind, sum(store.is_done(step.key) for step in plan.of_kind(kind)), planned, seconds.get(kind, 0.0)]
        for kind, planned in plan.counts().items()
    ]
    columns = (Column("kind"), Column("done"), Column("planned"), Column("work", "s", decimals=1))
    return Table("steps", "Steps", columns, rows, folded=True)


def _versions(findings: Findings) -> Table:
    rows: list[list[Cell]] = [[name, ", ".join(numbers)] for name, numbers in findings.results.versions.items()]
    return Table(
        "versions", "Packages that made these results", (Column("package"), Column("version")), rows, folded=True
    )
