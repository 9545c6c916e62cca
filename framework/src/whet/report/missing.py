"""What is missing: each part of a full report that this one does not have, and why."""

from __future__ import annotations

from whet.data.numbers import count
from whet.report.findings import Findings


def missing(findings: Findings) -> list[str]:
    """One sentence for each part that is not there, the most important first."""
    study, results = findings.study, findings.results
    file, plan = study.file, results.plan
    found = []
    waiting = {key: step for key, step in plan.steps.items() if not study.store.is_done(key)}
    if waiting:
        ready = [step.title for step in waiting.values() if not waiting.keys() & set(step.feeds)]
        shown = ", ".join(ready[:2]) + (f" and {len(ready) - 2} more" if len(ready) > 2 else "")
        found.append(f"{len(waiting)} of {count(len(plan.steps), 'step')} have no result yet; next: {shown}.")
    if results.data_findings:
        number = count(len(results.data_findings), "thing")
        found.append(f"{number} in the files that were read look wrong; they are listed at the end.")
    if results.failures:
        found.append(f"{count(len(results.failures), 'frame')} could not be labeled; they are listed at the end.")
    if not any(test.kind == "independent" for test in plan.tests):
        found.append("No independent test set: the study names none under “tests”.")
    if not file.strategies:
        found.append("No fine-tuning: the study names no “strategies”.")
    elif not any(test.kind == "replay" for test in plan.tests):
        found.append("What was forgotten: no test set is of the kind “replay”.")
    sampled = any(acquisition.labels for acquisition in plan.acquisitions)
    if sampled and not plan.coverage:
        found.append("Coverage of descriptor space: the study names no “descriptor”.")
    if file.strategies and file.dynamics is None:
        found.append("Trajectories and bond lengths: the study names no “dynamics”.")
    if results.unscored:
        number = count(len(results.unscored), "evaluation")
        found.append(f"{number} without a number; why is listed at the end.")
    return found
