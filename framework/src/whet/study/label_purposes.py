"""label_purposes: what the labels that each step of a plan gets are for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from whet.contracts.ports import LabeledFrames
from whet.study.plan import Plan

PURPOSES = {"training": "for training", "self": "along own dynamics"}
"""Kind of a set -> what its labels are for; those of all others are of test sets."""

TESTS = "of test sets"
CALLS = {"md": "dynamics", "minimize": "relaxations", "measure": "probes"}
"""Task that the labeler may drive -> what it runs there."""

ATOMS = "of isolated atoms"
ELSEWHERE = "of steps that are not in this plan"
"""Such as labels that a killed run of another study left: the next run in the store takes them in."""


def label_purposes(plan: Plan) -> Mapping[str, str]:
    """Of each step that has a labeler, by key: `for training`, `of test sets`, `to drive relaxations`, …

    Frames that are trained on and looked at elsewhere, too, are for training.
    """
    pieces = sorted(plan.all(LabeledFrames), key=lambda one: one.ref.set_kind == "training")
    kinds = {piece.key: piece.ref.set_kind for piece in pieces}  # of several the last counts
    found: dict[str, str] = {}
    for key, step in plan.steps.items():
        if "labeler" not in step.components:
            continue
        if step.kind in CALLS:
            found[key] = f"to drive {CALLS[step.kind]}"
        elif any(feed in plan.steps and plan.steps[feed].kind == "isolated-atoms" for feed in step.feeds):
            found[key] = ATOMS
        else:
            found[key] = PURPOSES.get(kinds.get(key, "training"), TESTS)
    return found


def by_purpose(plan: Plan, labels: Mapping[str, int]) -> dict[str, int]:
    """Numbers of labels by what they are for. labels: by step, as an `Account` has them."""
    purposes, found = label_purposes(plan), Counter[str]()
    for key, number in labels.items():
        found[purposes.get(key, ELSEWHERE)] += number
    return {purpose: found[purpose] for purpose in dict.fromkeys([*purposes.values(), ELSEWHERE]) if found[purpose]}
