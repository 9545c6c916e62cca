"""whet status"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from whet.cli.parameters import Json, Set, StudyPath

if TYPE_CHECKING:
    from whet.study.stored_study import StoredStudy
    from whet.study.study_state import StepState, StudyState, Word

KINDS, RUNNING, WAITING, FAILED, NOTES, REASON = 4, 3, 1, 1, 1, 150
"""Lines of each part, and characters of a reason, so that all of them fit one screen."""

COLUMNS: dict[str, tuple[Word, ...]] = {
    "done": ("done",),
    "running": ("running", "handed on"),
    "waiting": ("ready", "waiting"),
    "failed": ("failed", "stuck"),
}
"""Of the table of steps; those that cannot run count as failed."""


def status(
    study: StudyPath,
    set_: Set = None,
    every: Annotated[bool, typer.Option("--all", help="List every step, and every label that failed.")] = False,
    json: Json = False,
) -> None:
    """Show how far a study is: what is done, runs where, waits for what, failed why, and how long the rest takes."""
    from whet.cli.opened import opened
    from whet.study.study_state import StudyState

    found = opened(study, set_ or (), checked=False)
    state = StudyState(found.study, found.workers)
    if json:
        _as_json(state)
        return
    _tell(state, every=every)


def _as_json(state: StudyState) -> None:
    from whet.cli.terminal import print_json

    found = state.study
    planned = found.stored.plan.counts()
    failures = [{"step": title, **failure} for title, failure in found.failures]
    print_json(
        {
            "study": found.name,
            "store": str(found.store.root),
            "steps": {task: {"planned": planned[task], "done": len(found.of_task(task))} for task in planned},
            "labels": [{"theory": str(theory), "labels": count} for theory, count in found.store.labels.counts()],
            "label_failures": failures,
            "failed": [
                {"step": one.title, "key": one.step.key, "reason": one.why, "log": one.log}
                for one in state.of("failed")
            ],
            "ended_early": [{"step": title, "end": end} for title, end in found.stopped],
            "not_converged": [{"step": title, "how_far": how_far} for title, how_far in found.unrelaxed],
            **state.as_json(),
        }
    )


def _tell(state: StudyState, *, every: bool) -> None:
    from whet.cli.terminal import print_table, say, wrapped

    found, steps = state.study, state.steps
    done = len(state.of("done"))
    say(f"{found.name}: {done} of {len(steps)} steps done. Store: {found.store.root}")
    for line in (_run(state), _left(state)):
        if line:
            wrapped(line)
    say()
    _kinds(state, every=every)
    if every:
        say()
        rows = [(one.word, one.step.key, one.title, _where(one) or one.why) for one in steps.values()]
        print_table(("state", "key", "step", "why"), rows)
    else:
        _running(state)
        if not state.of("failed"):
            _waiting(state)
    _failed(state, every=every)
    say()
    _labels(found, every=every)


def _run(state: StudyState) -> str:
    """A line on the last run."""
    from whet.data.numbers import count

    run = state.run
    if run is None or run.started is None:
        return "No run is recorded."
    how = f"{run.started.executor}, {count(run.started.room, 'job')} at once"
    if state.is_running:
        return f"Running since {_clock(run.since)} on {run.started.host} (process {run.started.pid}): {how}"
    if run.interrupted is not None:
        return f"The last run was ended at {_clock(run.last)}: {run.interrupted.why}"
    if run.ended is None:
        return f"The last run, on {run.started.host}, died; its last word is of {_clock(run.last)}"
    return f"The last run ended at {_clock(run.last)}"


def _left(state: StudyState) -> str:
    """A line on how long the rest takes."""
    from whet.data.numbers import count, duration

    if not state.of("running", "handed on", "ready", "waiting"):
        return ""
    left = state.time_left
    if left is None:
        return "How long the rest takes is not known: no step like those that are left is done."
    kinds = sorted(left.unmeasured, key=lambda kind: -left.unmeasured[kind])
    rest = ", ".join(f"{left.unmeasured[kind]} {kind}" for kind in kinds[:3]) + ", …" * (len(kinds) > 3)
    without = f". Not counted are {rest}, as none like them is done" if rest else ""
    about = "At least" if rest else "About"
    workers = count(left.workers, "job") + " at once"
    on = [f"{left.rests_on} finished"] * bool(left.rests_on) + [f"{left.by_progress} running"] * bool(left.by_progress)
    rests_on = f", judged by {' and '.join(on)} step{'s' * (left.rests_on + left.by_progress > 1)}" if on else ""
    return f"{about} {duration(left.seconds)} left with {workers}{rests_on}{without}."


def _kinds(state: StudyState, *, every: bool) -> None:
    """Numbers of steps by kind; only those of which not all are done, unless all are wanted."""
    from whet.cli.terminal import print_table

    counts = {
        kind: {column: sum(row.get(word, 0) for word in words) for column, words in COLUMNS.items()}
        for kind, row in state.counts().items()
    }
    first = [kind for kind, row in counts.items() if row["done"] < sum(row.values())]
    shown = [*first, *(kind for kind in counts if kind not in first)]
    if not every and len(shown) > KINDS:
        shown = shown[: KINDS - 1]
    used = [column for column in COLUMNS if column == "done" or any(row[column] for row in counts.values())]
    rows = [[kind, *_figures(counts[kind], used)] for kind in shown]
    if others := [counts[kind] for kind in counts if kind not in shown]:
        summed = {column: sum(row[column] for row in others) for column in COLUMNS}
        rows.append([f"{len(others)} other kinds", *_figures(summed, used)])
    print_table(("steps", *used, "planned"), rows, right=tuple(range(1, len(used) + 2)))


def _figures(row: dict[str, int], used: Sequence[str]) -> list[str]:
    return [str(row[column]) for column in used] + [str(sum(row.values()))]


def _running(state: StudyState) -> None:
    from whet.cli.terminal import print_table, say

    at_work = sorted(state.of("running", "handed on"), key=lambda one: (one.word != "running", one.since or 0.0))
    if not at_work:
        return
    say()
    rows = [(_cut(one.title, 38), _cut(one.host or "–", 14), _since(one), _progress(one)) for one in at_work[:RUNNING]]
    print_table(("running", "on", "for", "so far"), rows, right=(2,))
    _more(len(at_work) - RUNNING)


def _waiting(state: StudyState) -> None:
    from whet.cli.terminal import print_table, say

    waiting = state.of("waiting", "ready")
    if not waiting:
        return
    say()
    rows = [(_cut(one.title, 36), _cut(one.why, 40)) for one in waiting[:WAITING]]
    print_table(("waiting", "for"), rows)
    _more(len(waiting) - WAITING)


def _failed(state: StudyState, *, every: bool) -> None:
    from whet.cli.terminal import say

    failed, stuck = state.of("failed"), state.of("stuck")
    if not failed:
        return
    say()
    for one in failed if every else failed[:FAILED]:
        say(f"failed: {one.why if every else _cut(one.why, REASON)}")
        if one.log and one.log not in one.why:
            say(f"        log: {one.log}")
    more = len(failed) - FAILED if not every else 0
    if more > 0 or stuck:
        others = f"{more} more failed (--all)" if more > 0 else ""
        cannot = f"{len(stuck)} steps cannot run because of that" if stuck else ""
        say(f"{'; '.join(filter(None, [others, cannot]))}.")


def _labels(found: StoredStudy, *, every: bool) -> None:
    from whet.cli.terminal import say

    for theory, number in found.store.labels.counts():
        say(f"label store: {number} labels of {theory}")
    for lines in (
        [f"not labeled: {title}, frame {failure['index']}: {failure['reason']}" for title, failure in found.failures],
        [f"ended early: {title}: {end}" for title, end in found.stopped],
        [f"{title}: {how_far}" for title, how_far in found.unrelaxed],
    ):
        more = f" (and {len(lines) - NOTES} more: --all)" if len(lines) > NOTES and not every else ""
        for line in lines if every else lines[:NOTES]:
            say((line if every else _cut(line, REASON - len(more))) + more)


def _more(number: int) -> None:
    from whet.cli.terminal import say

    if number > 0:
        say(f"… and {number} more (--all)")


def _where(one: StepState) -> str:
    if one.word != "running":
        return ""
    return " ".join(filter(None, [f"on {one.host}" * bool(one.host), f"for {_since(one)}", _progress(one)]))


def _since(one: StepState) -> str:
    from whet.data.numbers import duration

    return duration(max(0.0, time.time() - one.since)) if one.since is not None else ""


def _progress(one: StepState) -> str:
    from whet.data.loss_file import said_losses

    said: Any = one.progress
    if said is None or not said.total:
        return "" if one.word == "running" else one.why
    share = f"{said.done} of {said.total} ({100 * said.done // said.total} %)"
    return ", ".join(filter(None, [share, said_losses(said.losses)]))


def _clock(moment: float) -> str:
    """`14:03`, or with the day where that is another."""
    then, now = time.localtime(moment), time.localtime()
    return time.strftime("%H:%M" if then[:3] == now[:3] else "%Y-%m-%d %H:%M", then)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
