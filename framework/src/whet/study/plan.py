"""Plan: every step of a study that is known, and which piece of the study each leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from whet.contracts.analysis import Piece
from whet.contracts.ports import Data
from whet.contracts.ref import Ref
from whet.running.step import Step


@dataclass(frozen=True)
class PlannedAnalysis:
    """An analysis under its name in the study. place: of its section in a report. steps: keys, in the order of it."""

    name: str
    place: int
    steps: tuple[str, ...]


@dataclass
class Plan:
    """The steps, each after those that feed it; the pieces, in the order of the study file."""

    steps: dict[str, Step] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    analyses: list[PlannedAnalysis] = field(default_factory=list)
    unwatched: dict[str, list[str]] = field(default_factory=dict)
    """Monitor -> titles of the runs in which it has nothing to look at."""

    def add(self, step: Step) -> str:
        """Adds a step, unless the plan has it already under another title; gives its key."""
        self.steps.setdefault(step.key, step)
        return step.key

    def leaves(self, kind: type[Data], ref: Ref, key: str = "", role: str = "") -> None:
        """Says which piece of the study a step leaves."""
        self.pieces.append(Piece(kind.kind, ref, key, role))

    def all(self, kind: type[Data], **where: Any) -> list[Piece]:
        """The pieces of a kind. where: values of fields of their ref."""
        of_kind = (piece for piece in self.pieces if piece.kind == kind.kind)
        return [one for one in of_kind if all(getattr(one.ref, key) == value for key, value in where.items())]

    def counts(self) -> dict[str, int]:
        """Number of steps of each task."""
        found: dict[str, int] = {}
        for step in self.steps.values():
            found[step.kind] = found.get(step.kind, 0) + 1
        return found

    def of_kind(self, kind: str) -> Sequence[Step]:
        """The steps of a task, in order."""
        return [step for step in self.steps.values() if step.kind == kind]

    def impossible(self, failed: Collection[str]) -> set[str]:
        """Keys of the steps that failed, and of all that need one of them."""
        found = set(failed)
        for key, step in self.steps.items():  # each stands after those that feed it
            if found.intersection(step.feeds):
                found.add(key)
        return found

    def as_json(self) -> dict[str, Any]:
        """Plain data; `Plan.from_json` reads it back."""
        return {
            "steps": {key: step.as_json() for key, step in self.steps.items()},
            "pieces": [piece.as_json() for piece in self.pieces],
            "analyses": [{"name": a.name, "place": a.place, "steps": list(a.steps)} for a in self.analyses],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The plan that `as_json` described. KeyError, TypeError or ValueError where it is damaged."""
        return cls(
            {key: Step.from_json(step) for key, step in data["steps"].items()},
            [Piece.from_json(piece) for piece in data["pieces"]],
            [PlannedAnalysis(a["name"], a["place"], tuple(a["steps"])) for a in data["analyses"]],
        )
