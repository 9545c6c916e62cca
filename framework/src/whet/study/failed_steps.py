"""FailedStep: a step without which a report is drawn, with its reason and the command that shows its log."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from whet.study.step_names import short_keys
from whet.study.stored_study import StoredStudy


@dataclass(frozen=True)
class FailedStep:
    """title: what people call it. reason: why it failed when it was last run. command: shows its log."""

    title: str
    reason: str
    command: str


def failed_steps(study: StoredStudy) -> list[FailedStep]:
    """The steps that failed and have no result since, in the plan's order."""
    steps = list(study.stored.plan.steps.values())
    titles = Counter(step.title for step in steps)
    keys = dict(zip((step.key for step in steps), short_keys(steps), strict=True))
    found = []
    for step in study.waiting:
        if reason := study.fault(step.key):
            words = step.title if step.title and titles[step.title] == 1 else keys[step.key]
            found.append(FailedStep(step.title or step.key, reason, study.stored.asked.command("log", words)))
    return found


def held_up(study: StoredStudy) -> int:
    """How many steps cannot run because others failed."""
    failed = {step.key for step in study.waiting if study.fault(step.key)}
    return len(study.stored.plan.impossible(failed) - failed)
