"""whet report"""

from __future__ import annotations

from whet.cli.parameters import Out, Set, StudyPath


def report(study: StudyPath, set_: Set = None, out: Out = None) -> None:
    """Draw what a study has found so far: a page that opens offline, tables as CSV, figures as SVG.

    The store is enough: neither a potential nor its plugin need be here.
    """
    from whet.cli.opened import opened
    from whet.cli.own_folder import own_folder
    from whet.cli.terminal import say
    from whet.report.page import write_report
    from whet.study.record import record_of

    found = opened(study, set_ or ())
    folder = out or own_folder(found.folder, found.asked, found.study.name)
    say(f"Report: {write_report(record_of(found.study), folder)}")
