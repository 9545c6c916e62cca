"""best_of: of the fine-tuned states of a potential the one to take, by its force error and its curvature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from whet.contracts.ref import Ref
from whet.study.stored_study import StoredStudy
from whet.study.tuned_states import tuned_states

Score = Mapping[str, Any]
"""See `whet.study.scores.scores_of`."""

UNDECIDED = "undecided"

READINGS = ("not soft", UNDECIDED, "soft", "stiff")
"""Of a curvature ratio, the best first."""


def main_set(study: StoredStudy) -> list[Score]:
    """Scores of the set that answers: the first independent one on which slopes can be read, else the first."""
    sets: dict[str, list[Score]] = {}
    for score in study.scores:
        if score["set_kind"] == "independent":
            sets.setdefault(score["set"], []).append(score)
    moving = [scores for scores in sets.values() if any(one["softening"]["sampler"] != "minimum" for one in scores)]
    return next(iter([*moving, *sets.values()]), [])


def best_of(tuned: Sequence[Score]) -> Score | None:
    """Of the states whose force errors are not told apart from the lowest, one that is neither soft nor stiff."""
    if not tuned:
        return None
    lowest = min(tuned, key=lambda one: one["forces"]["mae"])
    alike = [one for one in tuned if one is lowest or not are_apart(one, lowest)]
    return min(alike, key=lambda one: (READINGS.index(one["softening"]["reading"]), one["forces"]["mae"]))


def are_apart(one: Score, other: Score) -> bool:
    """Whether their force errors are told apart: the intervals do not meet, or are not known."""
    ends = one["forces"].get("mae_interval"), other["forces"].get("mae_interval")
    if ends[0] is None or ends[1] is None:
        return True
    return ends[0][1] < ends[1][0] or ends[1][1] < ends[0][0]


def state_of(study: StoredStudy, score: Score) -> str:
    """The full name of the fine-tuned state that a score is of."""
    ref = Ref(potential_of(study, score), score["strategy"], score["round"], score["seed"], score["size"])
    said = (str(ref), ref.seed)
    return next(one.name for one in tuned_states(study) if (str(one.ref), one.ref.seed) == said)


def potential_of(study: StoredStudy, score: Score) -> str:
    """The study's name of the potential of a score, whose label begins with it."""
    names = [name for name in study.names.shown if score["potential"].startswith(f"{name} ")]
    return max(names, key=len, default="")
