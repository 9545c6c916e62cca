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
    """Check a study without running it, and tell what it will compute."""
    from whet.cli.bill import print_bill
    from whet.cli.terminal import print_json, print_table, say, wrapped
    from whet.study.bill import Bill
    from whet.study.inspection import inspect
    from whet.study.study import Study

    loaded = Study.load(study, set_ or ())
    found = inspect(loaded)
    bill = Bill.of(loaded)
    if json:
        said = {**found.as_json(), "bill": bill.as_json()}
        print_json({**said, "plan": bill.costs.as_json()} if plan else said)
        for error in found.refused:
            raise error
        return
    say(f"{found.name}: {sum(found.steps.values())} steps, {found.done} of them done.")
    say()
    print_table(("role", "component", "environment", "options"), found.role_rows())
    say()
    print_bill(bill)
    if plan:
        say()
        _tell(bill.costs)
    else:
        wrapped(f"Steps: {', '.join(f'{number} {kind}' for kind, number in found.steps.items())}.")
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
    if costs.labels:
        judged = count(costs.label_rests_on, "step")
        if costs.label_core_hours is None:
            wrapped("What a label costs is not known: this store has no step that bought labels in the same way.")
        else:
            hours = _hours(costs.label_core_hours)
            wrapped(f"The labels take about {hours} core hours, judged by {judged} that bought some.")
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
