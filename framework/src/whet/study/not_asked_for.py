"""not_asked_for: what a reader may look for in a report, and the study does not ask for."""

from __future__ import annotations

from whet.study.schema import StudyFile


def not_asked_for(study: StudyFile) -> list[str]:
    """One sentence for each thing, the most important first."""
    found = []
    kinds = {test.kind for test in study.tests.values()}
    if "independent" not in kinds:
        found.append("No independent test set: the study names none under “tests”.")
    if not study.strategies:
        found.append("No fine-tuning: the study names no “strategies”.")
    elif "replay" not in kinds:
        found.append("What was forgotten: no test set is of the kind “replay”.")
    if study.dynamics is not None and study.descriptor is None:
        found.append("Coverage of descriptor space: the study names no “descriptor”.")
    if study.strategies and study.dynamics is None:
        found.append("Trajectories and bond lengths: the study names no “dynamics”.")
    off = [name for name, entry in study.analyses.items() if entry is False]
    if off:
        found.append(f"Turned off by the study: {', '.join(off)}.")
    return found
