"""own_folder: where the report of a study goes, so that no other study's is written over."""

from __future__ import annotations

from pathlib import Path

from whet.data.identity import key_of
from whet.report.report_folder import ReportFolder
from whet.study.invocation import Invocation

NAME = "report"


def own_folder(folder: Path, asked: Invocation, study: str) -> Path:
    """`report` of the study as it is written, `report-WORDS` with `--set`; each beside the study file, in `folder`.

    Where another study's report is in that place, the name of the study file stands in it, too. study: the name of the
    study, by which a report is known that says nothing of how it was made.
    """
    words, stem = asked.short, Path(asked.file).stem
    own = [words or "set"] if asked.deciding else []
    names = ["-".join(parts) for parts in ([NAME, *own], [NAME, stem, *own])]
    for name in names:
        of = ReportFolder(folder / name).asked(study)
        if of is None or of == asked.identity or (not of and not asked.deciding):
            return folder / name
    return folder / f"{names[-1]}-{key_of(asked.identity)[:6]}"
