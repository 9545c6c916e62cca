"""whet run"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whet.cli.parameters import Json, Out, Set, StudyPath

if TYPE_CHECKING:
    from whet.cli.watch import WatchView
    from whet.running.runner import Account
    from whet.study.study import Study
    from whet.study.study_state import TimeLeft

NAMED = 3
"""Steps that are named where many failed for the same reason."""


def run(
    study: StudyPath,
    set_: Set = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=4096, help="Steps side by side (default: the study's).")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show on the terminal, live, what runs where, how far, and what happened.")
    ] = False,
    out: Out = None,
    json: Json = False,
) -> None:
    """Run a study: what has run already is not run again, so the same command resumes. Ends with a report."""
    from whet.cli.bill import print_bill
    from whet.cli.own_folder import own_folder
    from whet.cli.terminal import ProgressView, say
    from whet.data.errors import StoreError
    from whet.report.page import is_current, write_report
    from whet.study.bill import Bill
    from whet.study.inspection import check_data
    from whet.study.invocation import Invocation
    from whet.study.record import record_of
    from whet.study.study import Study
    from whet.study.take_home import take_home

    loaded = Study.load(study, set_ or ())
    check_data(loaded)
    total = len(loaded.plan.steps)
    done = [key for key in loaded.plan.steps if loaded.store.is_done(key)]
    if len(done) < total and not json:
        with suppress(OSError, StoreError):  # an output that takes nothing is said at the end: the work is done first
            print_bill(Bill.of(loaded))
            sys.stdout.flush()  # before anything is bought
    with _watching(loaded, len(done)) if watch and sys.stderr.isatty() else ProgressView(total, done) as view:
        account = loaded.run(view, workers=workers)
    record = record_of(loaded.stored)
    home = take_home(loaded.stored, Invocation(str(study), set_ or ()))
    folder = out or own_folder(loaded.source.folder, loaded.stored.stored.asked, loaded.file.name)
    page = folder / "index.html"
    if not is_current(record, folder):
        page = write_report(record, folder)
    elif not json and not account.ran and not account.failed:
        say(f"Nothing to do: all {total} steps of {loaded.file.name!r} have their results.")
        say(f"Report: {page}")
        if home:
            say(home)
        return
    _tell(loaded, account, page, json, home)
    if account.failed:
        raise typer.Exit(_exit_code(account))


def _watching(loaded: Study, done: int) -> WatchView:
    from whet.cli.watch import WatchView
    from whet.data.errors import WhetError
    from whet.study.study_state import StudyState

    def time_left() -> TimeLeft | None:
        try:
            return StudyState(replace(loaded.stored, checked=False), loaded.file.running.workers).time_left
        except WhetError:  # the run itself will say what is wrong
            return None

    return WatchView(loaded.store.root, len(loaded.plan.steps), done, time_left=time_left)


def _tell(loaded: Study, account: Account, page: Path, json: bool, home: str) -> None:
    from whet.cli.findings import print_answers
    from whet.cli.scores import print_scores
    from whet.cli.terminal import print_json, say
    from whet.data.numbers import count
    from whet.study.label_purposes import by_purpose

    found, bought = loaded.stored, by_purpose(loaded.plan, account.bought)
    every = (findings for section in found.shown for findings in section.findings)
    answers = [(one.label, verdict) for one in every for verdict in one.verdicts if verdict.prominent]
    if json:
        print_json(
            {
                "study": loaded.file.name,
                "complete": found.complete,
                "ran": len(account.ran),
                "reused": len(account.reused),
                "failed": {key: str(error) for key, error in account.failed.items()},
                "not_run": account.not_run,
                "damaged": account.damaged,
                "labels": found.labels,
                "labels_computed": bought,
                "label_failures": len(found.failures),
                "suspicious": found.suspicious,
                "notes": found.doubts,
                "seconds": round(account.seconds, 1),
                "answers": [{"label": label, **asdict(verdict)} for label, verdict in answers],
                "scores": list(found.scores),
                "report": str(page),
                "take_home": home,
            }
        )
        return
    print_scores(found.names.scores(score for score in found.scores if score["set_kind"] != "self"))
    print_answers(answers)
    say()
    say(f"{count(len(account.ran), 'step')} run in {account.seconds:.0f} s, {len(account.reused)} reused.")
    shares = ", ".join(f"{number:,} {purpose}" for purpose, number in bought.items())
    say(f"{count(account.labels, 'label')} computed: {shares}." if bought else "No label was computed.")
    for what in found.suspicious:
        say(f"suspicious: {what}")
    for what in found.doubts:
        say(f"note: {what}")
    if found.failures:
        say(f"{len(found.failures)} frames could not be labeled; the report lists them.")
    for key, damage in account.damaged.items():
        say(f"damaged, and done again: {loaded.plan.steps[key].title if key in loaded.plan.steps else key}: {damage}")
    if account.failed:
        say(f"{len(account.failed)} steps failed and {len(account.not_run)} could not run because of them:")
        for line in _alike(account, loaded):
            say(f"  {line}")
    say(f"Report: {page}")
    if home:
        say(home)


def _alike(account: Account, loaded: Study) -> Iterator[str]:
    """A line for each reason, with the steps that failed for it."""
    steps: dict[str, list[str]] = {}
    for key, error in account.failed.items():
        title = (loaded.plan.steps[key].title if key in loaded.plan.steps else "") or key
        steps.setdefault(str(error).removeprefix(f"{title}: "), []).append(title)
    for what, titles in steps.items():
        more = f" and {len(titles) - NAMED} more" * (len(titles) > NAMED)
        yield f"{', '.join(titles[:NAMED])}{more}: {what}"


def _exit_code(account: Account) -> int:
    from whet.data.errors import StepFailed

    return 1 if any(isinstance(error, StepFailed) for error in account.failed.values()) else 2
