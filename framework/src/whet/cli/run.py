"""whet run"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whet.cli.parameters import Json, Out, Set, StudyPath

if TYPE_CHECKING:
    from whet.running.runner import Account
    from whet.study.study import Study


def run(
    study: StudyPath,
    set_: Set = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=4096, help="Steps side by side (default: the study's).")
    ] = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Run a study: what has run already is not run again, so the same command resumes. Ends with a report."""
    from whet.cli.terminal import ProgressView, say
    from whet.report.page import is_current, report_folder, write_report
    from whet.study.inspection import check_data
    from whet.study.study import Study

    loaded = Study.load(study, set_ or ())
    check_data(loaded)
    total = len(loaded.plan.steps)
    done = sum(loaded.store.is_done(key) for key in loaded.plan.steps)
    with ProgressView(total, done) as view:
        account = loaded.run(view, workers=workers)
    folder = out or report_folder(loaded)
    page = folder / "index.html"
    is_shown = is_current(loaded, folder)
    if not is_shown:
        page = write_report(loaded, folder)
    elif not json and not account.ran and not account.failed:
        say(f"Nothing to do: all {total} steps of {loaded.file.name!r} have their results.")
        say(f"Report: {page}")
        return
    _tell(loaded, account, page, json)
    if account.failed:
        raise typer.Exit(_exit_code(account))


def _tell(loaded: Study, account: Account, page: Path, json: bool) -> None:
    from whet.cli.scores import print_scores
    from whet.cli.terminal import print_json, say

    results = loaded.results
    if json:
        print_json(
            {
                "study": loaded.file.name,
                "complete": results.complete,
                "ran": len(account.ran),
                "reused": len(account.reused),
                "failed": {key: str(error) for key, error in account.failed.items()},
                "not_run": account.not_run,
                "labels": results.labels,
                "label_failures": len(results.failures),
                "suspicious": results.data_findings,
                "seconds": round(account.seconds, 1),
                "scores": [score.as_json() for score in results.scores],
                "report": str(page),
            }
        )
        return
    print_scores([score for score in results.scores if score.test.kind != "self"])
    say()
    bought = sum(loaded.store.result(key).provenance.get("bought", 0) for key in account.ran if "label-" in key)
    say(
        f"{len(account.ran)} steps run in {account.seconds:.0f} s, {len(account.reused)} reused; "
        f"{results.labels['labeled']} labels used, {bought} of them computed now."
    )
    for what in results.data_findings:
        say(f"suspicious: {what}")
    if results.failures:
        say(f"{len(results.failures)} frames could not be labeled; the report lists them.")
    if account.failed:
        say(f"{len(account.failed)} steps failed and {len(account.not_run)} could not run because of them:")
        for error in account.failed.values():
            say(f"  {error}")
    say(f"Report: {page}")


def _exit_code(account: Account) -> int:
    from whet.data.errors import StepFailed

    return 1 if any(isinstance(error, StepFailed) for error in account.failed.values()) else 2
