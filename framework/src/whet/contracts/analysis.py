"""Analysis: a task that computes what a report shows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from whet.contracts.component import OptionsT
from whet.contracts.findings import Findings
from whet.contracts.ports import Data
from whet.contracts.ref import Ref
from whet.contracts.task import Task, Work


@dataclass(frozen=True)
class Piece:
    """Something of a study that a step can be fed with. kind: of data. key: of the step that leaves it.

    An untouched potential is made by no step: its key is empty, and `role` is the study's role of its component.
    """

    kind: str
    ref: Ref
    key: str = ""
    role: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain data; `Piece.from_json` reads it back."""
        return {"kind": self.kind, "ref": self.ref.as_json(), "key": self.key, "role": self.role}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The piece that `as_json` described."""
        return cls(data["kind"], Ref.from_json(data["ref"]), data["key"], data["role"])


@dataclass(frozen=True)
class Wanted:
    """A step that an analysis wants.

    inputs: role -> what feeds it: pieces of the study, or other steps that are wanted for it (of a `task` of its
    own). components: role in the step -> role in the study (`{"descriptor": "descriptor"}`). options: beside those
    of the analysis. ref: which piece of the study it is about. label: sets its findings apart (the name of a set).
    """

    inputs: Mapping[str, Sequence[Piece | Wanted]] = field(default_factory=dict)
    components: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    ref: Ref = field(default_factory=Ref)
    label: str = ""
    task: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain data; `Wanted.from_json` reads it back."""
        inputs = {
            role: [{"piece": one.as_json()} if isinstance(one, Piece) else {"step": one.as_json()} for one in feeds]
            for role, feeds in self.inputs.items()
        }
        rest = {"components": dict(self.components), "options": dict(self.options), "ref": self.ref.as_json()}
        return {"inputs": inputs, **rest, "label": self.label, "task": self.task}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `as_json` described."""
        inputs = {
            role: [Piece.from_json(one["piece"]) if "piece" in one else Wanted.from_json(one["step"]) for one in feeds]
            for role, feeds in data["inputs"].items()
        }
        return cls(**{**data, "inputs": inputs, "ref": Ref.from_json(data["ref"])})


@dataclass(frozen=True)
class StudyPieces:
    """What there is in a study for an analysis to look at.

    name: the study's. roles: of its components (`labeler`, `descriptor`, `engine`, `potential NAME`). strategies:
    name -> preset of its rounds, empty where they are spelled out.
    """

    name: str
    pieces: Sequence[Piece]
    roles: Sequence[str] = ()
    strategies: Mapping[str, str] = field(default_factory=dict)

    def all(self, kind: type[Data] | str, **where: Any) -> list[Piece]:
        """The pieces of a kind, in the plan's order. where: values of fields of their ref (`set_kind="self"`)."""
        name = kind if isinstance(kind, str) else kind.kind
        return [
            piece
            for piece in self.pieces
            if piece.kind == name and all(getattr(piece.ref, key) == value for key, value in where.items())
        ]

    def by_set(self, kind: type[Data] | str, *set_kinds: str) -> dict[str, list[Piece]]:
        """The pieces of a kind by the name of their set, in the plan's order; only of these kinds of sets."""
        found: dict[str, list[Piece]] = {}
        for piece in self.all(kind):
            if piece.ref.set and (not set_kinds or piece.ref.set_kind in set_kinds):
                found.setdefault(piece.ref.set, []).append(piece)
        return found

    def as_json(self) -> dict[str, Any]:
        """Plain data; `StudyPieces.from_json` reads it back."""
        pieces = [piece.as_json() for piece in self.pieces]
        return {
            "name": self.name,
            "pieces": pieces,
            "roles": list(self.roles),
            "strategies": dict(self.strategies),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `as_json` described."""
        return cls(**{**data, "pieces": [Piece.from_json(piece) for piece in data["pieces"]]})


class Analysis(Task[OptionsT]):
    """Computes what a report shows: a step for each thing that it wants of a study.

    Refs of its inputs are part of its steps' identity. place: where its section stands in a report, small numbers
    first. by_default: whether studies have it that do not name it. after: analyses whose findings it reads.
    """

    place: ClassVar[int] = 500
    by_default: ClassVar[bool] = False
    after: ClassVar[Sequence[str]] = ()

    @abstractmethod
    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        """The steps that it needs: one `Wanted` each, none where the study has nothing for it. Reads no files."""

    @abstractmethod
    def run(self, work: Work) -> Findings:
        """Computes from the step's inputs alone. Raises WhetError where nothing can be said about them."""
