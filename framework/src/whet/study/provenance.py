"""provenance: what was run, with what, and what went wrong: the last section of a report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from whet.contracts.component import Component
from whet.contracts.findings import Cell, Column, Findings, Table
from whet.study.protocol_words import ProtocolWords
from whet.study.stored_study import StoredStudy

RECORDED = ("machine", "device", "threads", "python")
"""What each step records of where it ran, beside the versions of its packages."""


def provenance(study: StoredStudy) -> Findings:
    """Everything that a reader needs to judge where the numbers come from."""
    tables = [_components(study), _failures(study), _run(study), _versions(study)]
    return Findings("What was run", tables=[table for table in tables if table.rows], notes=list(_notes(study)))


def warnings(study: StoredStudy) -> list[str]:
    """What must not be overlooked, beside steps that failed."""
    found = [f"{title}: {how_far}." for title, how_far in study.unrelaxed]
    mixed = [name for name, numbers in _numbers(study).items() if len(numbers) > 1]
    if mixed:
        found.append(f"Results of several versions are mixed: {', '.join(mixed)}.")
    changed = "was made from an input that was since recomputed and came out different."
    return found + [f"{title} {changed}" for title in study.stale]


def _notes(study: StoredStudy) -> Iterator[str]:
    if study.theories:
        yield "Reference labels: " + "; ".join(str(theory) for theory in study.theories) + "."
    for name, theory in study.stored.theories.items():
        yield f"Labels of {name}: {theory}, as the study file says."
    yield from (f"{title} ended early: {end}." for title, end in study.stopped)
    for step in study.done.values():
        if lost := step.measured.get("lost_on_resume"):
            yield f"{step.title} was killed and taken up again, without {lost}."


def _components(study: StoredStudy) -> Table:
    rows: list[list[Cell]] = [
        [role, one.component.name, _options(one.component), one.environment] for role, one in study.stored.roles.items()
    ]
    columns = (Column("role"), Column("component"), Column("options"), Column("environment"))
    return Table("components", "What was put together", columns, rows)


def _options(component: Component) -> str:
    """`model: soft, scale: 1.0`, without those that are not set; of dynamics with their units."""
    given = {key: value for key, value in component.options.items() if value not in (None, "", {}, [])}
    if component.hook == "md_engines":
        given = {key: ProtocolWords(component.options).option(key) for key in given}
    return ", ".join(f"{key}: {value}" for key, value in given.items())


def _failures(study: StoredStudy) -> Table:
    rows: list[list[Cell]] = [
        [title, entry["index"], entry["reason"], str(entry.get("log") or "")] for title, entry in study.failures
    ]
    columns = (Column("step"), Column("frame"), Column("reason"), Column("log"))
    return Table("failures", "Frames that could not be labeled", columns, rows, folded=len(rows) > 12)


def _run(study: StoredStudy) -> Table:
    """How it was called, when and where: of the results, so that the same results give the same report."""
    measured = [step.measured for step in study.done.values()]
    starts = [float(one["started"]) for one in measured if one.get("started")]
    days = list(dict.fromkeys(_day(one) for one in (min(starts), max(starts)))) if starts else []
    asked = study.stored.asked
    rows: list[list[Cell]] = [] if asked.is_of_files else [["command", asked.command("run")]]
    rows.append(["date", " to ".join(days)])
    rows += [
        list[Cell]([what, ", ".join(sorted({str(one[what]) for one in measured if one.get(what)}))])
        for what in RECORDED
    ]
    return Table("run", "When and where", (Column(""), Column("of these results")), [row for row in rows if row[1]])


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _versions(study: StoredStudy) -> Table:
    rows: list[list[Cell]] = [[name, ", ".join(numbers)] for name, numbers in _numbers(study).items()]
    columns = (Column("package"), Column("version"))
    return Table("versions", "Packages that made these results", columns, rows, folded=True)


def _numbers(study: StoredStudy) -> dict[str, list[str]]:
    """Versions of the packages that made the results; more than one where they are mixed."""
    found: dict[str, set[str]] = {}
    for step in study.done.values():
        for name, number in step.measured.get("versions", {}).items():
            found.setdefault(name, set()).add(number)
    return {name: sorted(numbers) for name, numbers in sorted(found.items())}
