"""Plan: every step of a study and what each is for, known before the first one runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from whet.running.step import Step

SetKind = Literal["independent", "replay", "self"]


@dataclass(frozen=True)
class Member:
    """One potential as the report knows it: untouched (round 0), or fine-tuned by a strategy up to a round.

    potential: its name in the study file. step: key of the step that made it ("" for the untouched one). trained: keys
    of its fine-tunings: that step, or those of each member of a committee.
    """

    potential: str
    strategy: str = ""
    round: int = 0
    seed: int = 0
    size: int | None = None
    step: str = ""
    trained: tuple[str, ...] = ()
    last: bool = False
    one_of_several: bool = False

    @property
    def label(self) -> str:
        """`main`, `main naive 2`, `main few 100 (seed 2)`."""
        if not self.strategy:
            return self.potential
        which = self.size if self.size is not None else self.round
        return f"{self.potential} {self.strategy} {which}" + (f" (seed {self.seed})" if self.one_of_several else "")


@dataclass(frozen=True)
class Trajectory:
    """A trajectory of the study: who drove it (None: the labeler), for what, and the steps that made and labeled it."""

    driver: Member | None
    purpose: str
    structure: str
    md: str
    labels: str


@dataclass(frozen=True)
class TestSet:
    """Labeled frames to evaluate on. labels: keys of steps that left them. of: whose own trajectory it is."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    name: str
    kind: SetKind
    labels: tuple[str, ...]
    of: Member | None = None


@dataclass(frozen=True)
class Evaluation:
    """One potential on one set: the step that has its predictions."""

    member: Member
    test: TestSet
    step: str


@dataclass(frozen=True)
class Acquisition:
    """What one round of a strategy added: the steps that labeled its frames, and the dataset trained on."""

    potential: str
    strategy: str
    round: int
    seed: int
    labels: tuple[str, ...]
    dataset: str = ""
    trajectories: tuple[Trajectory, ...] = ()


@dataclass(frozen=True)
class OneScale:
    """The cheapest correction: the untouched potential's forces, scaled by what one training frame says.

    dataset: a training set, of whose frames the one with the largest forces is taken. step: the untouched
    potential's predictions for it.
    """

    member: Member
    strategy: str
    seed: int
    dataset: str
    step: str


@dataclass
class Plan:
    """The steps, each after those that feed it, and what they are for."""

    steps: dict[str, Step] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)
    acquisitions: list[Acquisition] = field(default_factory=list)
    trajectories: list[Trajectory] = field(default_factory=list)
    tests: list[TestSet] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    one_scale: list[OneScale] = field(default_factory=list)
    coverage: str = ""
    unwatched: dict[str, list[str]] = field(default_factory=dict)
    """Monitor -> titles of the runs in which it has nothing to look at."""

    def add(self, step: Step) -> str:
        """Adds a step, unless the plan has it already under another title; gives its key."""
        self.steps.setdefault(step.key, step)
        return step.key

    def counts(self) -> dict[str, int]:
        """Number of steps of each kind."""
        found: dict[str, int] = {}
        for step in self.steps.values():
            found[step.kind] = found.get(step.kind, 0) + 1
        return found

    def of_kind(self, kind: str) -> Sequence[Step]:
        """The steps of a kind, in order."""
        return [step for step in self.steps.values() if step.kind == kind]
