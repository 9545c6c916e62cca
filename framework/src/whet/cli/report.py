"""whet report"""

from __future__ import annotations

from whet.cli.parameters import Out, Set, StudyPath


def report(study: StudyPath, set_: Set = None, out: Out = None) -> None:
    """Write the report of what a study has so far: a page that opens offline, tables as CSV, figures as SVG."""
    from whet.cli.terminal import say
    from whet.report.page import write_report
    from whet.study.study import Study

    say(f"Report: {write_report(Study.load(study, set_ or ()), out)}")
