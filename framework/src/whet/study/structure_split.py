"""StructureSplit: which starting structures are for what. No structure is ever used for two purposes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal, NamedTuple, Self

from whet.contracts.rounds import Round
from whet.study.resolved_strategies import ResolvedStrategy
from whet.study.schema import StudyFile
from whet.study.study_file import Source


class Purpose(NamedTuple):
    """What a structure is for. name: of the test set. seed: of the strategies that train."""

    kind: Literal["training", "test", "own"]
    name: str = ""
    seed: int = 0


OWN = Purpose("own")

RESERVED = 100_000
"""Structures of a plugin from this number on are for test sets and own trajectories, so many for each purpose."""

OF_ONE_SEED = 10_000 * RESERVED
"""Training with the second seed takes the structures of a plugin from this number on, with the third from twice it."""


@dataclass(frozen=True)
class StructureSplit:
    """How many structures each purpose takes.

    training: seed of strategies -> how many, in the order of the study file; strategies of one seed share theirs.
    tests: name of a sampled test set -> how many. own: for the potentials' own trajectories.
    """

    training: Mapping[int, int]
    tests: Mapping[str, int]
    own: int

    @classmethod
    def of(cls, study: StudyFile, strategies: Mapping[str, ResolvedStrategy]) -> Self:
        """Of a study whose strategies have these rounds."""
        training: dict[int, int] = {}
        for name, strategy in strategies.items():
            fresh = _fresh(strategy.rounds)
            for seed in study.strategies[name].seeds if fresh else ():
                training[seed] = max(training.get(seed, 0), fresh)
        tests = {name: test.trajectories for name, test in study.tests.items() if test.file is None}
        samples = study.dynamics is not None and study.labeler is not None
        own = study.self_generated.trajectories if samples and study.self_generated.of != "none" else 0
        return cls(training, tests, own)

    @property
    def total(self) -> int:
        """How many structures there must be."""
        return sum(self.training.values()) + sum(self.tests.values()) + self.own

    def is_first(self, seed: int) -> bool:
        """Whether it is the first seed of the study, whose structures and draws are those of a study without others."""
        return seed == next(iter(self.training), seed)

    def parts(self) -> Iterator[str]:
        """What the total consists of, in words."""
        counts = {seed: count for seed, count in self.training.items() if count}
        if len(counts) == 1:
            yield f"{next(iter(counts.values()))} for training"
        elif len(set(counts.values())) == 1:
            seeds = ", ".join(map(str, counts))
            yield f"{len(counts)} × {next(iter(counts.values()))} for training with the seeds {seeds}"
        else:
            yield from (f"{count} for training with seed {seed}" for seed, count in counts.items())
        yield from (f"{count} for {name}" for name, count in self.tests.items())
        if self.own:
            yield f"{self.own} for own trajectories"

    def title(self, purpose: Purpose, number: int) -> str:
        """What people call a structure of a purpose."""
        if purpose.kind == "test":
            return f"{purpose.name} {number + 1}: structure"
        seed = f" of seed {purpose.seed}" if purpose.kind == "training" and len(self.training) > 1 else ""
        return f"{'own trajectory' if purpose.kind == 'own' else 'training'}: structure {number + 1}{seed}"

    def in_source(self, purpose: Purpose, number: int) -> int:
        """The number, of a plugin that makes as many as are wanted, of a purpose's structure."""
        if purpose.kind == "training":
            return OF_ONE_SEED * list(self.training).index(purpose.seed) + number
        if purpose.kind == "own":
            return RESERVED * 50 + number
        place = list(self.tests).index(purpose.name) + 1
        return RESERVED * (place if place < 50 else place + 1) + number

    def in_file(self, purpose: Purpose, number: int, count: int) -> int:
        """The place, in a file of `count` structures, of a purpose's structure.

        Training takes from the front, the first seed first, and all others from the back, so that a longer training
        moves no test.
        """
        if purpose.kind == "training":
            before = takewhile(lambda seed: seed != purpose.seed, self.training)
            return sum(self.training[seed] for seed in before) + number
        after = 0
        if purpose.kind == "test":
            after = self.own + sum(self.tests[name] for name in takewhile(lambda n: n != purpose.name, self.tests))
        return count - 1 - after - number


def check_structures(split: StructureSplit, there: int, source: Source, name: str = "") -> None:
    """InputError where there are fewer different starting structures than the study needs.

    there: of the file; or of the plugin that is called `name`, if that has an end.
    """
    if split.total > there:
        parts = ", ".join(split.parts())
        hint = "No structure is used for two purposes, and none with two seeds: give more, or ask less"
        what = f"the study needs {split.total} different structures ({parts}), {name or 'the file'} has {there}"
        raise source.fault(("structures",) if name else ("structures", "file"), what, hint)


def _fresh(rounds: Sequence[Round]) -> int:
    """How many structures these rounds start from."""
    fresh, moved = 0, False
    for round_ in rounds:
        moves = round_.sampler in ("md", "minimize")
        if moves and round_.start == "last":
            fresh += 0 if moved else 1
        elif round_.sampler != "data":
            fresh += round_.trajectories
        moved = moved or moves
    return fresh
