"""whet analyze"""

from __future__ import annotations

from typing import Annotated

import typer

from whet.cli.parameters import Json, Set, StudyPath


def analyze(
    study: StudyPath,
    name: Annotated[str, typer.Argument(help="Name of the analysis in the study.", metavar="NAME")],
    set_: Set = None,
    workers: Annotated[int | None, typer.Option(min=1, max=4096, help="Steps side by side.")] = None,
    json: Json = False,
) -> None:
    """Run one analysis of a study over what is there by now, and say what it found."""
    from whet.cli.findings import print_findings
    from whet.cli.terminal import ProgressView, print_json
    from whet.study.study import Study

    loaded = Study.load(study, set_ or ())
    with ProgressView(len(loaded.plan.steps), 0, say_failures=False) as view:
        account = loaded.analyze(name, view, workers=workers)
    for error in account.failed.values():
        raise error
    stored = loaded.stored
    found = [stored.names.findings(one) for one in stored.findings(name)]
    if json:
        print_json([one.as_json() for one in found])
    else:
        print_findings(found)
