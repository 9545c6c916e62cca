"""Findings: what the sections draw on, computed once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from whet.report.arms import Arm, Series, state
from whet.report.drawing import Styles
from whet.study.plan import Member, TestSet
from whet.study.results import Results, Score

if TYPE_CHECKING:
    from whet.study.study import Study


@dataclass(frozen=True)
class Findings:
    """What the sections draw on: a study, its results, and the arms of each test set, computed once."""

    study: Study
    results: Results
    _arms: dict[str, list[Arm]] = field(default_factory=dict)

    @cached_property
    def tests(self) -> list[TestSet]:
        """Independent and replay sets on which something was evaluated, the independent ones first."""
        scored = {score.test.name for score in self.results.scores}
        found = [test for test in self.results.plan.tests if test.kind != "self" and test.name in scored]
        return sorted(found, key=lambda test: test.kind != "independent")

    @property
    def main_test(self) -> TestSet | None:
        """The set that the first screen is about: the first independent one."""
        return next((test for test in self.tests if test.kind == "independent"), None)

    @property
    def potentials(self) -> list[str]:
        """Names of the potentials, in the order of the study file."""
        return list(self.study.file.potentials)

    @cached_property
    def styles(self) -> Styles:
        """Colors and markers, the same in every figure."""
        return Styles(self.series or [(name, "") for name in self.potentials])

    @cached_property
    def series(self) -> list[Series]:
        """Every fine-tuned potential and strategy, in the plan's order."""
        return list(dict.fromkeys((m.potential, m.strategy) for m in self.results.plan.members if m.strategy))

    def arms(self, test: TestSet) -> list[Arm]:
        """Every arm of a set: by potential, the untouched one first, then one scale, then each strategy."""
        if test.name not in self._arms:
            self._arms[test.name] = self._gathered(test)
        return self._arms[test.name]

    def labels(self, member: Member) -> int | None:
        """Labeled frames that a fine-tuning took, for training and validation; None where it has not run."""
        found = self.results.training(member)
        return found["train"] + found["valid"] if found else None

    def shown_member(self, member: Member) -> str:
        """`untouched`, `periodic 3, seed 2`; with several potentials, `chgnet periodic 3`."""
        seed = f", seed {member.seed}" if member.one_of_several else ""
        return self.named(member.potential, state(member) + seed)

    def named(self, potential: str, rest: str) -> str:
        """`rest` behind the potential's name, which is left out where the study has only one."""
        return f"{potential} {rest}" if len(self.potentials) > 1 else rest

    def _gathered(self, test: TestSet) -> list[Arm]:
        groups: dict[tuple, list[Score]] = {}
        for score in self.results.scores:
            if score.test == test:
                member = score.member
                of = tuple(one.strategy for one in score.one_scale)
                groups.setdefault((member.potential, of, member.strategy, member.round, member.size), []).append(score)
        found = []
        for (potential, of, strategy, _, _), scores in groups.items():
            rivals = {key[1] for key in groups if key[0] == potential and key[1]}
            which = f" from {', '.join(of)}" if len(rivals) > 1 else ""
            name = f"one scale{which}" if of else state(scores[0].member)
            labels = [0 if not strategy else self.labels(score.member) or 0 for score in scores]
            found.append(Arm(potential, strategy, name, tuple(scores), (1,) if of else tuple(labels)))
        places = {name: place for place, name in enumerate(self.potentials)}
        return sorted(found, key=lambda arm: (places[arm.potential], not arm.untouched, not arm.corrected))
