"""LabelCosts: what the labels of a study are for, and which of them were computed for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from whet.contracts.ports import LabeledFrames
from whet.study.stored_study import StoredStudy

PURPOSES = {"training": "for training", "self": "along own dynamics"}
"""Kind of a set -> what its labels are for; those of all others are of test sets."""

TESTS = "of test sets"
CALLS = {"md": "dynamics", "minimize": "relaxations"}
"""Task that the labeler may drive -> what it runs there."""


@dataclass(frozen=True)
class LabelCosts:
    """Numbers of labels by what they are for.

    computed: as labels. along: that came out of dynamics and relaxations which the labeler itself drove. known: that
    were in the label store when they were asked for, from another part of the study or from before. calls: of the
    labeler, by what it drove (dynamics, relaxations).
    """

    computed: Mapping[str, int]
    along: Mapping[str, int]
    known: Mapping[str, int]
    calls: Mapping[str, int]

    @classmethod
    def of(cls, study: StoredStudy) -> Self:
        """Of the steps that are done. Frames that are trained on and looked at elsewhere, too, are for training."""
        kinds: dict[str, str] = {}
        pieces = study.stored.plan.all(LabeledFrames)
        for piece in sorted(pieces, key=lambda one: one.ref.set_kind != "training"):
            kinds.setdefault(piece.key, piece.ref.set_kind)
        computed, along, known, calls = (Counter[str]() for _ in range(4))
        for key, step in study.done.items():
            bought = int(step.measured.get("bought", 0))
            if "labeled" not in step.values:
                calls[CALLS.get(step.recipe.kind, step.recipe.kind)] += bought
                continue
            purpose = PURPOSES.get(kinds.get(key, "training"), TESTS)
            there = step.values["labeled"] - bought
            is_along = any("labeler" in fed.recipe.components for fed in step.fed_by("frames"))
            computed[purpose] += bought
            (along if is_along else known)[purpose] += there
        return cls(*(dict(+one) for one in (computed, along, known, calls)))
