"""Bill: what a study will compute and needs, told before anything is bought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.data.identity import JSON
from whet.study.named_files import StructureFile
from whet.study.plan_costs import PlanCosts
from whet.study.structure_split import StructureSplit
from whet.study.study import Study
from whet.study.study_state import StudyState, TimeLeft


@dataclass(frozen=True)
class Bill:
    """What is left to do, as far as that can be told before it is done.

    costs: labels by purpose, and core hours. labeler: what computes the labels; empty where nothing does. in_store:
    labels that the label store has of any theory; those that are asked for are not computed again. structures: starting
    structures that the study takes; parts: for what; source: the plugin that makes them, empty for a file, which has
    `there` different ones. left: steps without a result. time: how long they take; None where that was never measured.
    """

    costs: PlanCosts
    labeler: str
    in_store: int
    structures: int
    parts: Sequence[str]
    source: str
    there: int | None
    left: int
    time: TimeLeft | None

    @classmethod
    def of(cls, study: Study) -> Bill:
        """The bill of a study as far as its store has it."""
        stored = replace(study.stored, checked=False)
        state = StudyState(stored, study.file.running.workers)
        split = StructureSplit.of(study.file, study.resolved.strategies)
        given, labeler = study.resolved.structures, study.resolved.labeler
        file = isinstance(given, StructureFile)
        return cls(
            PlanCosts.of(state.costs),
            labeler.component.name if labeler is not None else "",
            sum(count for _, count in stored.store.labels.counts()),
            split.total if given is not None else 0,
            list(split.parts()) if given is not None else [],
            "" if given is None or file else given.component.name,
            len(given.unique) if file else None,
            len(stored.waiting),
            state.time_left,
        )

    def as_json(self) -> dict[str, JSON]:
        """Plain data. labels: of each purpose, so many steps, likely and at the most; time: s, None: never measured."""
        costs, time = self.costs.as_json(), self.time
        return {
            "labeler": self.labeler,
            "labels": costs["bill"],
            "labels_likely": costs["labels_likely"],
            "labels_most": costs["labels_most"],
            "labels_unbounded": costs["unbounded"],
            "labels_in_store": self.in_store,
            "structures_needed": self.structures,
            "structures_for": list(self.parts),
            "structures_there": self.there,
            "structures_source": self.source,
            "steps_left": self.left,
            "time": time and {"seconds": round(time.seconds, 1), "workers": time.workers, "rests_on": time.rests_on},
            "time_unmeasured": dict(time.unmeasured) if time is not None else None,
        }
