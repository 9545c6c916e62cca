"""Record: what a report shows of a study, as its store has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from whet.contracts.ref import LABELER, RATTLE
from whet.data.identity import key_of
from whet.data.numbers import count
from whet.study.cost_table import TITLE, cost_table, in_short
from whet.study.failed_steps import FailedStep, failed_steps, held_up, number_failed
from whet.study.methods import methods, references
from whet.study.next_steps import NextStep, next_steps
from whet.study.not_covered import not_covered
from whet.study.provenance import provenance, warnings
from whet.study.section import Section
from whet.study.stored_study import StoredStudy
from whet.study.subject import subject

NOT_POTENTIALS = (LABELER.potential, RATTLE.potential)

COST = TITLE
"""Title of the section that has the table of cost."""


@dataclass(frozen=True)
class Record:
    """A study as its store has it: nothing is computed, and what has not run is not there.

    name: the study's. sections: in the order that their analyses declare; the last one is on what was run.
    missing: one sentence for each thing that a reader may look for and that is not here: what has not run, then what
    the evidence does not cover. warnings: what must not be overlooked. cost: what it took, in sentences. scores: one
    mapping for each potential on each set (`scores.json`). about: identity of all this. subject: what it is about, in a
    few words each. failed: steps without which it is drawn; held_up: how many cannot run because of them. next_steps:
    what to do now. methods: paragraphs for a paper; references: BibTeX entries of what ran. states: potential
    (as people read it) and strategy (empty: untouched) of all states, in order of the plan.
    """

    name: str
    sections: Sequence[Section]
    missing: Sequence[str] = ()
    warnings: Sequence[str] = ()
    cost: Sequence[str] = ()
    scores: Sequence[Mapping[str, Any]] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    subject: Sequence[str] = ()
    failed: Sequence[FailedStep] = ()
    held_up: int = 0
    next_steps: Sequence[NextStep] = ()
    methods: Sequence[str] = ()
    references: Sequence[str] = ()
    states: Sequence[tuple[str, str]] = ()

    @property
    def number_failed(self) -> int:
        """How many steps failed."""
        return number_failed(self.failed)


def record_of(study: StoredStudy) -> Record:
    """What a report shows of a study."""
    plan = [sorted(study.stored.plan.steps), *(list(one.steps) for one in study.stored.plan.analyses)]
    about = {
        "whet": version("whet"),
        "study": study.name,
        "asked": study.stored.asked.identity,
        "plan": key_of(plan),
        "results": study.content,
    }
    sections = [section for section in study.shown if any(not one.is_empty for one in section.findings)]
    sections += [Section("cost", [cost_table(study)]), Section("provenance", [provenance(study)])]
    of_files = study.stored.asked.is_of_files  # what else a study could have is no matter of one analysis
    return Record(
        study.name,
        sections,
        missing=_missing(study),
        warnings=warnings(study),
        cost=() if of_files else in_short(study),
        scores=study.scores,
        about=about,
        subject=subject(study),
        failed=failed_steps(study),
        held_up=held_up(study),
        next_steps=() if of_files else next_steps(study),
        methods=methods(study),
        references=references(study),
        states=_states(study),
    )


def _states(study: StoredStudy) -> list[tuple[str, str]]:
    refs = [piece.ref for piece in study.stored.plan.pieces if piece.ref.potential not in NOT_POTENTIALS]
    found = dict.fromkeys((ref.potential, ref.strategy) for ref in refs if ref.potential)
    return [(study.names.shown.get(potential, potential), strategy) for potential, strategy in found]


def _missing(study: StoredStudy) -> list[str]:
    found = []
    if (waiting := study.waiting) and not failed_steps(study):
        keys = {step.key for step in waiting}
        ready = [step.title for step in waiting if not keys.intersection(step.feeds)]
        shown = ", ".join(ready[:2]) + (f" and {len(ready) - 2} more" if len(ready) > 2 else "")
        steps = count(len(study.stored.plan.steps), "step")
        found.append(f"{len(waiting)} of {steps} have no result yet; next: {shown}.")
    if study.failures:
        found.append(f"{count(len(study.failures), 'frame')} could not be labeled; they are listed at the end.")
    if study.unscored:
        found.append(f"{count(len(study.unscored), 'evaluation')} without a number; why is listed under Errors.")
    said = [one for section in study.shown for one in section.findings if one.is_empty]
    found += [f"{one.title}: {' '.join(one.notes) or 'nothing to show'}" for one in said]
    return found if study.stored.asked.is_of_files else [*found, *not_covered(study), *study.stored.lacks]
