"""Task: what a step can be. The core's own kinds of steps are tasks like anybody's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from whet.contracts.component import Backend, Component, FileRef, OptionsT
from whet.contracts.fine_tuning import Progress
from whet.contracts.labeling import Labeler
from whet.contracts.ports import Data, FinishedStep, Port
from whet.contracts.resources import Resources
from whet.data.errors import WhetError
from whet.data.labels import Failure, Labels

if TYPE_CHECKING:
    from ase import Atoms

Kind = TypeVar("Kind", bound=Data)


@dataclass(frozen=True)
class Outcome:
    """What a task hands back.

    values: plain data. files: role -> file in the step's folder. component: the potential that it made, if any.
    measured: what may differ from run to run (seconds, labels bought): recorded beside the result, not part of it.
    """

    values: Mapping[str, Any]
    files: Mapping[str, Path] = field(default_factory=dict)
    component: Component | None = None
    measured: Mapping[str, Any] = field(default_factory=dict)


def total(counts: Iterable[int | None]) -> int | None:
    """Their sum; None where one is not known."""
    known = list(counts)
    return None if None in known else sum(filter(None, known))


class KeptLabels(Protocol):
    """A labeler over the store of labels: what it computes is kept, durably, and is never computed again."""

    labeler: Labeler
    bought: int

    def label(self, frame: Atoms) -> Labels | Failure:
        """The frame's label, from the store or computed now."""
        ...

    def labels(self, frames: Sequence[Atoms]) -> Iterator[Labels | Failure]:
        """Those of many frames, in their order, as they come."""
        ...


class Work(Protocol):
    """An open step: its inputs at hand, its folder to write in, and where to tell of progress."""

    @property
    def title(self) -> str:
        """What people call the step."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """The options of the step's task, as its recipe has them: of each step of a batch its own."""
        ...

    @property
    def folder(self) -> Path:
        """Where outputs go; it is there."""
        ...

    @property
    def store(self) -> Path:
        """The store: where relative paths of components start."""
        ...

    @property
    def device(self) -> str:
        """Where potentials live."""
        ...

    @property
    def batch(self) -> int:
        """Frames that a potential may be asked for at once; results do not depend on it."""
        ...

    @property
    def files(self) -> Mapping[str, FileRef]:
        """Imported files by role."""
        ...

    @property
    def progress(self) -> Progress:
        """To be called with (done, total)."""
        ...

    def all(self, role: str, kind: type[Kind]) -> list[Kind]:
        """What feeds that role, in order; nothing where nothing does. kind: as the port says."""
        ...

    def one(self, role: str, kind: type[Kind]) -> Kind:
        """What the one step that feeds that role left."""
        ...

    def steps(self, role: str) -> Sequence[FinishedStep]:
        """The steps that feed that role, in order."""
        ...

    def has(self, role: str) -> bool:
        """Whether the recipe has a component or an input of that role."""
        ...

    def component(self, role: str) -> Component:
        """The component of that role: named in the recipe, or made by the step that feeds it."""
        ...

    def load(self, role: str) -> Any:
        """The living backend of that role."""
        ...

    def labeler(self, role: str = "labeler") -> KeptLabels:
        """The labeler of that role, over the store of labels."""
        ...


class Task(Backend[OptionsT], ABC):
    """One kind of step.

    Its options are the settings of the step and part of its identity. `inputs` says what can feed it, `components`
    which components it wants: role -> hook (`{"engine": "md_engines"}`).
    """

    inputs: ClassVar[Mapping[str, Port]] = {}
    components: ClassVar[Mapping[str, str]] = {}
    resources: ClassVar[Resources] = Resources()

    @abstractmethod
    def run(self, work: Work) -> Any:
        """Does it, and gives its Outcome; an analysis gives Findings. Raises WhetError for a known fault."""

    @classmethod
    def labels_wanted(cls, work: Work) -> Sequence[Atoms]:
        """Frames whose labels the step will ask its `labeler` for, as far as that is known before it runs.

        So that no other step computes the same ones beside it.
        """
        return ()

    @classmethod
    def most_frames(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """How many frames a step leaves at the most, for a plan; None where nobody can tell before it runs.

        options: of the task. components: of the step, by role. fed: frames of the steps that feed it, by role.
        """
        return None

    @classmethod
    def most_labels(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """How many labels its `labeler` is asked for at the most; the arguments are as in `most_frames`."""
        return None if "labeler" in components else 0

    @classmethod
    def likely_labels(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """How many it will rather ask for, by a rule of thumb, where that is far below `most_labels`.

        By default as many as there can be. Once steps like this one are done, what they took goes before.
        """
        return cls.most_labels(options, components, fed)

    @classmethod
    def batch_key(cls, components: Mapping[str, Component], inputs: Mapping[str, Sequence[str]]) -> str | None:
        """The same for steps that gain from being done at once (`run_batch`); None where nothing is gained.

        components: of the step, by role. inputs: keys of the steps that feed it, by role.
        """
        return None

    def run_batch(self, works: Sequence[Work]) -> list[Outcome | WhetError]:
        """Several steps with one `batch_key` at once; a fault in place of an outcome is that of one step."""
        raise NotImplementedError(f"{self.name} gives a batch key, but cannot run batches")
