"""LabelCosts: what the labels of a study are for, and which of them were computed for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from whet.study.label_purposes import CALLS, label_purposes
from whet.study.stored_study import StoredStudy


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
        """Of the steps that are done."""
        purposes = label_purposes(study.stored.plan)
        computed, along, known, calls = (Counter[str]() for _ in range(4))
        for key, step in study.done.items():
            bought = int(step.measured.get("bought", 0))
            if "labeled" not in step.values:
                calls[CALLS.get(step.recipe.kind, step.recipe.kind)] += bought
                continue
            there = step.values["labeled"] - bought
            is_along = any("labeler" in fed.recipe.components for fed in step.fed_by("frames"))
            computed[purposes[key]] += bought
            (along if is_along else known)[purposes[key]] += there
        return cls(*(dict(+one) for one in (computed, along, known, calls)))
