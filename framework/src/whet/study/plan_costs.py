"""PlanCosts: what a plan will take: labels to buy, core hours, the longest chain; only from what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from whet.data.identity import JSON
from whet.running.step import Step
from whet.study.costs import Costs, longest_chain


@dataclass(frozen=True)
class KindCosts:
    """Of the steps of one kind. core_hours: of those left that are like any that is done. unmeasured: the others.

    rests_on: finished steps.
    """

    kind: str
    planned: int
    done: int
    core_hours: float
    unmeasured: int
    rests_on: int


@dataclass(frozen=True)
class LabelBill:
    """Labels to compute for one purpose, by so many steps. most: there cannot be more. likely: rather so many.

    rests_on: finished steps by which that is judged, where it is less than the most; 0: a rule of thumb.
    """

    purpose: str
    steps: int
    likely: int
    most: int
    rests_on: int = 0


@dataclass(frozen=True)
class PlanCosts:
    """What a plan will take from here.

    bill: labels to compute, by purpose. unbounded: titles of steps of which nobody can tell how many labels they want.
    label_core_hours: for the labels, as many as are likely, judged by so many finished steps (label_rests_on); None
    where no step bought labels in the same way as any of them. labels_unmeasured: labels that are not in it, as no step
    bought any in the same way. chain: number of steps of the longest chain that wait for each other; chain_hours: that
    it takes with as many workers as there can be, None where not all is measured.
    """

    kinds: Sequence[KindCosts]
    bill: Sequence[LabelBill]
    unbounded: Sequence[str]
    label_core_hours: float | None
    label_rests_on: int
    chain: int
    chain_hours: float | None
    labels_unmeasured: int = 0

    @classmethod
    def of(cls, costs: Costs) -> PlanCosts:
        """Of a study as far as its store has it."""
        study, plan = costs.study, costs.study.stored.plan
        left = {key: step for key, step in plan.steps.items() if key not in study.done}
        seconds = {key: took for key, step in left.items() if (took := costs.seconds(step)) is not None}
        kinds: list[KindCosts] = []
        for kind, planned in plan.counts().items():
            open_ones = [step for step in left.values() if step.kind == kind]
            spent = [costs.core_seconds(step) for step in open_ones]
            on = {measured for step in open_ones if (measured := costs.measured(step)) is not None}
            hours = sum(one for one in spent if one is not None) / 3600
            rests_on = sum(one.count for one in on)
            kinds.append(KindCosts(kind, planned, planned - len(open_ones), hours, spent.count(None), rests_on))
        labeling = [plan.steps[key] for key, most in costs.bounds.labels.items() if most]
        measured = {step.key: costs.measured(step) for step in labeling}
        label_hours = sum(costs.core_seconds(step) or 0.0 for step in labeling) / 3600
        on_labels = {one for one in measured.values() if one is not None}
        _, chain = longest_chain(left, {})
        return cls(
            kinds,
            list(_bill(costs, plan.steps)),
            [step.title or step.key for step in costs.bounds.unknown],
            label_hours if on_labels else None,
            sum(one.count for one in on_labels),
            chain,
            longest_chain(left, seconds)[0] / 3600 if len(seconds) == len(left) else None,
            sum(costs.labels(step) or 0 for step in labeling if measured[step.key] is None),
        )

    @property
    def labels(self) -> dict[str, int]:
        """Purpose -> labels to compute at the most."""
        return {one.purpose: one.most for one in self.bill}

    @property
    def core_hours(self) -> float:
        """Of all steps that are measured."""
        return sum(one.core_hours for one in self.kinds)

    @property
    def unmeasured(self) -> int:
        """Steps that are not in the core hours."""
        return sum(one.unmeasured for one in self.kinds)

    def as_json(self) -> dict[str, JSON]:
        """Plain data."""
        return {
            "kinds": [asdict(one) for one in self.kinds],
            "labels": dict(self.labels),
            "labels_most": sum(one.most for one in self.bill),
            "labels_likely": sum(one.likely for one in self.bill),
            "bill": [asdict(one) for one in self.bill],
            "unbounded": list(self.unbounded),
            "label_core_hours": self.label_core_hours,
            "label_rests_on": self.label_rests_on,
            "labels_unmeasured": self.labels_unmeasured,
            "core_hours": self.core_hours,
            "unmeasured": self.unmeasured,
            "chain": self.chain,
            "chain_hours": self.chain_hours,
        }


def _bill(costs: Costs, steps: Mapping[str, Step]) -> Iterator[LabelBill]:
    """A line for each purpose, in the order of the plan."""
    asking: dict[str, list[Step]] = {}
    for key, purpose in costs.bounds.purposes().items():
        if costs.bounds.labels[key]:
            asking.setdefault(purpose, []).append(steps[key])
    for purpose, theirs in asking.items():
        unsure = {costs.measured(step) for step in theirs if step.key in costs.bounds.likely}
        yield LabelBill(
            purpose,
            len(theirs),
            sum(costs.labels(step) or 0 for step in theirs),
            sum(costs.bounds.labels[step.key] or 0 for step in theirs),
            sum(one.count for one in unsure if one is not None),
        )
