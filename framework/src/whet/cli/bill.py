"""print_bill: what a study will compute and needs, as `whet check` and the first lines of `whet run` tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whet.cli.terminal import print_table, say, wrapped
from whet.data.numbers import count, duration

if TYPE_CHECKING:
    from whet.study.bill import Bill
    from whet.study.plan_costs import LabelBill

RUNS = {"to drive dynamics": ("run", "a label a step"), "to drive relaxations": ("relaxation", "a label a step")}
"""Purpose -> what the labeler drives there, and what takes a label."""


def print_bill(bill: Bill) -> None:
    """A table on standard output, and what is known of structures and time. Nothing where nothing is left to do."""
    if not bill.left:
        return
    labels = bill.costs.bill
    if labels:
        rows = [(one.purpose, f"{one.likely:,}", f"{one.most:,}", _remark(one)) for one in labels]
        if len(labels) > 1:
            likely, most = sum(one.likely for one in labels), sum(one.most for one in labels)
            rows.append(("in all", f"{likely:,}", f"{most:,}", ""))
        print_table((f"labels to compute ({bill.labeler})", "likely", "at most", ""), rows, right=(1, 2))
        if bill.in_store:
            wrapped(f"The label store has {count(bill.in_store, 'label')}; none that is there is computed again.")
    elif not bill.costs.unbounded:
        say("No labels to compute.")
    if bill.costs.unbounded:
        names = ", ".join(bill.costs.unbounded[:2]) + ", …" * (len(bill.costs.unbounded) > 2)
        wrapped(f"Nobody can tell how many labels {count(len(bill.costs.unbounded), 'step')} will want: {names}.")
    if bill.structures:
        there = f"{bill.source} makes them" if bill.there is None else f"the file has {bill.there:,} different ones"
        wrapped(f"Structures: {bill.structures:,} needed ({', '.join(bill.parts)}); {there}.")
    wrapped(_time(bill))


def _remark(one: LabelBill) -> str:
    """How a number comes about that is not one label for each frame."""
    if one.purpose not in RUNS:
        return ""
    noun, how = RUNS[one.purpose]
    runs = count(one.steps, noun)
    if one.likely == one.most:
        return f"{runs}, {how}"
    judged = f"as {one.rests_on} done" if one.rests_on else "rule of thumb"
    return f"{runs} × {round(one.likely / one.steps):,} ({judged})"


def _time(bill: Bill) -> str:
    steps, time = count(bill.left, "step"), bill.time
    if time is None:
        return f"Time: not known for {steps}, as none like them is done; `whet status` tells it while they run."
    workers = count(time.workers, "job") + " at once"
    judged = f", judged by {count(time.rests_on, 'finished step')}" if time.rests_on else ""
    if not time.unmeasured:
        return f"Time: about {duration(time.seconds)} for {steps} with {workers}{judged}."
    unknown = sum(time.unmeasured.values())
    return f"Time: at least {duration(time.seconds)} with {workers}{judged}; of {unknown} of {steps} nothing is known."
