"""cost_table: what a study cost, in one table: labels by purpose, steps by kind, core hours, time on the clock."""

from __future__ import annotations

from collections.abc import Iterator

from whet.contracts.findings import Cell, Column, Findings, Table
from whet.data.numbers import count, duration
from whet.running.step import Step
from whet.study.clock import time_on_the_clock
from whet.study.label_costs import LabelCosts
from whet.study.stored_study import StoredStudy

TITLE = "What it cost"

COLUMNS = (
    Column("what"),
    Column("of what", description="What labels are for; the kind of steps."),
    Column("computed", description="Labels that were computed as such; steps that have a result."),
    Column(
        "reused",
        description="Labels that nobody had to compute again: they came with dynamics and relaxations which the "
        "labeler drove itself, or were in the label store from another part of the study or from before.",
    ),
    Column("planned", description="Steps, those without a result included."),
    Column("core hours", "", "Time of each step times the threads that it had, added up.", 3),
)


def cost_table(study: StoredStudy) -> Findings:
    """The table `cost`, and on which machines."""
    return Findings(
        TITLE, tables=[Table("cost", "Labels and steps", COLUMNS, list(_rows(study)))], notes=list(_where(study))
    )


def in_short(study: StoredStudy) -> list[str]:
    """Two sentences for the first screen."""
    costs, found = LabelCosts.of(study), []
    computed, calls = sum(costs.computed.values()), sum(costs.calls.values())
    reused = sum(costs.along.values()) + sum(costs.known.values())
    if computed or calls or reused:
        words = [f"{count(computed + calls, 'label')} computed"]
        if calls:
            words.append(f"{calls:,} of them to drive {' and '.join(costs.calls)}")
        if reused:
            words.append(f"{reused:,} used again")
        found.append(", ".join(words) + ".")
    if hours := sum(_core_seconds(study).values()) / 3600:
        clock = time_on_the_clock(step.measured for step in study.done.values())
        found.append(f"{_hours(hours)} in {duration(clock)} on the clock.")
    return found


def _rows(study: StoredStudy) -> Iterator[list[Cell]]:
    costs = LabelCosts.of(study)
    for purpose in dict.fromkeys([*costs.computed, *costs.along, *costs.known]):
        reused = costs.along.get(purpose, 0) + costs.known.get(purpose, 0)
        yield ["labels", purpose, costs.computed.get(purpose, 0), reused, None, None]
    for what, calls in costs.calls.items():
        yield ["calls of the labeler", f"in its own {what}", calls, None, None, None]
    planned: dict[str, int] = {}
    done: dict[str, int] = {}
    for key, step in study.stored.plan.steps.items():
        planned[_kind(step)] = planned.get(_kind(step), 0) + 1
        done[_kind(step)] = done.get(_kind(step), 0) + (key in study.done)
    spent = _core_seconds(study)
    for kind, number in planned.items():
        yield ["steps", kind, done[kind], None, number, spent.get(kind, 0.0) / 3600]
    yield ["steps", "all", len(study.done), None, sum(planned.values()), sum(spent.values()) / 3600]


def _kind(step: Step) -> str:
    return "analyses" if step.task.hook == "analyses" else step.kind


def _core_seconds(study: StoredStudy) -> dict[str, float]:
    """Of each kind of step: seconds x threads."""
    found: dict[str, float] = {}
    for step in study.done.values():
        said = str(step.measured.get("threads", ""))
        cores = int(said) if said.isdigit() else 1
        kind = _kind(step.recipe)
        found[kind] = found.get(kind, 0.0) + cores * float(step.measured.get("seconds", 0.0))
    return found


def _where(study: StoredStudy) -> Iterator[str]:
    if not study.done:
        return
    clock = time_on_the_clock(step.measured for step in study.done.values())
    machines = sorted({str(step.measured["machine"]) for step in study.done.values() if step.measured.get("machine")})
    devices = sorted({str(step.measured["device"]) for step in study.done.values() if step.measured.get("device")})
    on = f", on {', '.join(machines)}" if machines else ""
    of = f" ({', '.join(devices)})" if devices else ""
    yield f"On the clock, with at least one step running: {duration(clock)}{on}{of}."


def _hours(hours: float) -> str:
    return f"{hours:.3g} core hours" if hours >= 0.1 else f"{60 * hours:.2g} core minutes"
