"""scored_sets: what an analysis is fed with that looks at one independent set after the other, beside its scores."""

from __future__ import annotations

from collections.abc import Mapping

from whet.analyses.parts.last_states import last_states
from whet.contracts.analysis import StudyPieces, Wanted
from whet.contracts.ports import Found, Port, Predictions
from whet.contracts.ref import Ref

INPUTS: Mapping[str, Port] = {
    "scores": Port(Found, many=False, what="of the set"),
    "predictions": Port(Predictions, what="of the untouched potentials and the last state of each strategy"),
}


def scored_sets(study: StudyPieces, *, relaxed: bool) -> list[Wanted]:
    """A step for each independent set. relaxed: whether also for those of relaxed structures, which have no slope."""
    return [
        Wanted(
            {"scores": [piece], "predictions": last_states(study.all(Predictions, set=piece.ref.set))},
            ref=Ref(set=piece.ref.set, set_kind="independent"),
            label=piece.ref.set,
        )
        for piece in study.all(Found, set_kind="independent")
        if piece.role == "scores" and (relaxed or piece.ref.minimum_of is None)
    ]
