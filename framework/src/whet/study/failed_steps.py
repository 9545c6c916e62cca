"""FailedStep: a step without which a report is drawn, with its reason and the command that shows its log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from whet.running.step import Step
from whet.study.step_names import short_keys
from whet.study.stored_study import StoredStudy


@dataclass(frozen=True)
class FailedStep:
    """title: what people call it. reason: why it failed when it was last run. command: shows its log. alike: titles of
    the others that failed for the same reason."""

    title: str
    reason: str
    command: str
    alike: Sequence[str] = ()


def failed_steps(study: StoredStudy) -> list[FailedStep]:
    """The steps that failed and have no result since, one for each reason, in the plan's order."""
    steps = list(study.stored.plan.steps.values())
    titles = Counter(step.title for step in steps)
    keys = dict(zip((step.key for step in steps), short_keys(steps), strict=True))
    by_reason: dict[str, list[Step]] = {}
    for step in study.waiting:
        if reason := study.fault(step.key):
            by_reason.setdefault(reason.removeprefix(f"{step.title}: "), []).append(step)
    found = []
    for reason, (step, *others) in by_reason.items():
        words = step.title if step.title and titles[step.title] == 1 else keys[step.key]
        command, alike = study.stored.asked.command("log", words), tuple(one.title or one.key for one in others)
        found.append(FailedStep(step.title or step.key, reason, command, alike))
    return found


def number_failed(failed: Sequence[FailedStep]) -> int:
    """How many steps these are."""
    return sum(1 + len(one.alike) for one in failed)


def held_up(study: StoredStudy) -> int:
    """How many steps cannot run because others failed."""
    failed = {step.key for step in study.waiting if study.fault(step.key)}
    return len(study.stored.plan.impossible(failed) - failed)
