"""whet check"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from whet.cli.parameters import Json, Set, StudyPath

if TYPE_CHECKING:
    from whet.study.plan_costs import PlanCosts


def check(
    study: StudyPath,
    set_: Set = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what is left to do: steps, labels to buy, core hours as measured.")
    ] = False,
    json: Json = False,
) -> None:
    """Check a study without running it: keys, plugins, files, and the plan. Imports no potential's packages."""
    from whet.cli.terminal import print_json, print_table, say
    from whet.study.inspection import inspect
    from whet.study.plan_costs import PlanCosts
    from whet.study.study import Study

    loaded = Study.load(study, set_ or ())
    found = inspect(loaded)
    costs = PlanCosts.of(loaded.stored) if plan else None
    if json:
        print_json({**found.as_json(), **({"plan": costs.as_json()} if costs is not None else {})})
        for error in found.refused:
            raise error
        return
    say(f"{found.name}: {sum(found.steps.values())} steps, {found.done} of them done.")
    say()
    print_table(("role", "component", "environment", "options"), found.role_rows())
    say()
    if costs is None:
        print_table(("steps", "planned"), [(kind, str(count)) for kind, count in found.steps.items()], right=(1,))
    else:
        _tell(costs)
    if found.files:
        say()
        say("Files that the study reads, with the beginning of their SHA-256:")
        for path, sha, what in found.files:
            say(f"  {sha[:12]}  {what}")
            say(f"                {path}")
        if any("this is code" in what for _, _, what in found.files):
            say("Code can do anything that you can: use only files that you trust (`whet models trust`).")
    say()
    for what in found.suspicious:
        say(f"suspicious: {what}")
    for error in found.refused:
        raise error
    say("No fault found." if not found.suspicious else "No fault found, but look at what is suspicious.")


def _tell(costs: PlanCosts) -> None:
    """What is left to do, and what it costs."""
    from whet.cli.terminal import print_table, say, wrapped
    from whet.data.numbers import count

    rows: list[tuple[str, ...]] = []
    for one in costs.kinds:
        left = one.planned - one.done
        judged = count(one.rests_on, "step") if one.rests_on else ""
        if one.unmeasured:
            judged = f"{one.unmeasured} of them not measured" if judged else "not measured"
        rows.append((one.kind, str(one.planned), str(left), _hours(one.core_hours) if one.rests_on else "", judged))
    print_table(("steps", "planned", "left", "core hours", "judged by"), rows, right=(1, 2, 3))
    say()
    for purpose, number in costs.labels.items():
        say(f"labels to buy, at most: {number:>7,} {purpose}")
    if not costs.labels:
        say("No labels to buy.")
    if costs.unbounded:
        names = ", ".join(costs.unbounded[:2]) + ", …" * (len(costs.unbounded) > 2)
        number = count(len(costs.unbounded), "step")
        wrapped(f"Not counted, as nobody can tell before they run: the labels of {number} ({names}).")
    if costs.labels:
        judged = count(costs.label_rests_on, "step")
        if costs.label_core_hours is None:
            wrapped("What a label costs is not known: this store has no step that bought labels in the same way.")
        else:
            hours = _hours(costs.label_core_hours)
            wrapped(f"The labels take {hours} core hours at most, judged by {judged} that bought some.")
    left = sum(one.planned - one.done for one in costs.kinds)
    if not left:
        return
    if costs.unmeasured == left:
        say("What the steps cost is not known: none like them is done in this store.")
    else:
        unknown = count(costs.unmeasured, "step")
        without = f", without {unknown} of which nothing is known" if costs.unmeasured else ""
        wrapped(f"Core hours of all that is left: {_hours(costs.core_hours)}{without}.")
    how_long = f": {_hours(costs.chain_hours)} hours" if costs.chain_hours is not None else ""
    wrapped(f"The longest chain of steps that wait for each other has {count(costs.chain, 'step')}{how_long}.")


def _hours(hours: float) -> str:
    """With three digits; `<0.01` where that is nearly nothing."""
    return "<0.01" if 0 < hours < 0.01 else f"{hours:,.2f}" if hours < 10 else f"{hours:,.0f}"
