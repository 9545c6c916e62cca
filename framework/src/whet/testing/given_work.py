"""GivenWork: an open step whose inputs are given, to run a task or an analysis without a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whet.contracts.component import Backend, Component, FileRef
from whet.contracts.fine_tuning import Progress
from whet.contracts.ports import Data, FinishedStep
from whet.contracts.task import KeptLabels
from whet.data.errors import InputError


def _silent(done: int, total: int) -> None:
    pass


@dataclass
class GivenWork:
    """inputs: role -> what its steps left. backends: role -> living backend. folder: where outputs go; it exists."""

    folder: Path
    inputs: Mapping[str, Sequence[Data]] = field(default_factory=dict)
    backends: Mapping[str, Backend] = field(default_factory=dict)
    title: str = "given"
    device: str = "cpu"
    batch: int = 1
    files: Mapping[str, FileRef] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress = field(default=_silent)

    @property
    def store(self) -> Path:
        """The folder: no component has files in a store."""
        return self.folder

    def all(self, role: str, kind: type) -> list[Any]:
        """What is given in that role."""
        found = list(self.inputs.get(role, ()))
        assert all(isinstance(one, kind) for one in found), f"{role!r} is not of the kind {kind.__name__}"
        return found

    def one(self, role: str, kind: type[Data]) -> Any:
        """The only thing that is given in that role. InputError where there is none, or more."""
        found = self.all(role, kind)
        if len(found) != 1:
            raise InputError(f"one {kind.kind} is wanted in the role {role!r}, {len(found)} are given")
        return found[0]

    def steps(self, role: str) -> Sequence[FinishedStep]:
        """None: nothing is in a store."""
        raise NotImplementedError("inputs are given, not read from steps")

    def has(self, role: str) -> bool:
        """Whether something is given in that role."""
        return bool(self.inputs.get(role)) or role in self.backends

    def component(self, role: str) -> Component:
        """A component that only names the backend."""
        backend = self.backends[role]
        return Component("given", backend.name, backend.result_version)

    def load(self, role: str) -> Any:
        """The backend that is given in that role."""
        return self.backends[role]

    def labeler(self, role: str = "labeler") -> KeptLabels:
        """None: there is no store of labels."""
        raise NotImplementedError("there is no store of labels")
