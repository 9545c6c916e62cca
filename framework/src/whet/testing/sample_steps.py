"""SampleSteps: runs what analyses want of a sample study, without a store."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.contracts.analysis import Analysis, Piece, Wanted
from whet.contracts.component import Backend, Component, Spec
from whet.contracts.descriptor import Descriptor
from whet.contracts.findings import Findings
from whet.contracts.ports import Data, FinishedStep, Found, StudyPotential
from whet.contracts.task import Outcome, Task
from whet.data.frame_log import read_frames
from whet.data.frames import FrameSet
from whet.data.labels import Labels
from whet.plugins.registry import registry
from whet.testing.given_work import GivenWork
from whet.testing.lennard_jones import LennardJones
from whet.testing.sample_study import SampleStudy

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


@dataclass(eq=False)
class SampleSteps:
    """The steps of one analysis over a sample. Analyses whose findings it reads run first."""

    analysis: Analysis
    sample: SampleStudy
    data: dict[Piece, Data] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="whet-check-")
        self.study = self.sample.study
        self.data = dict(self.sample.data)
        for name in self.analysis.after:
            other = load("analyses", name, {})
            steps = SampleSteps(other, self.sample)
            for number, (wanted, findings) in enumerate(steps.found()):
                piece = Piece(Found.kind, wanted.ref, f"{name} {number}", name)
                self.data[piece] = Found(wanted.ref, findings)
        self.study = replace(self.study, pieces=tuple(self.data))

    def wants(self) -> Sequence[Wanted]:
        """What the analysis wants of the sample."""
        return self.analysis.wants(self.study)

    def found(self, *, backwards: bool = False) -> Iterator[tuple[Wanted, Findings]]:
        """What each step found. backwards: the inputs of each role in reverse."""
        for wanted in self.wants():
            made = self.analysis
            if wanted.options:
                made = load("analyses", made.name, {**made.options.as_json(), **wanted.options})
            yield wanted, self._run(made, wanted, backwards)

    def empty(self) -> Findings:
        """What it finds where nothing feeds it."""
        backends = self._backends({role: role for role in self.analysis.components})
        return self.analysis.run(self._work({}, backends))

    def _work(
        self,
        inputs: Mapping[str, Sequence[Data]],
        backends: Mapping[str, Backend],
        settings: Mapping[str, Any] | None = None,
    ) -> Any:
        """Open work in a folder of its own."""
        folder = Path(tempfile.mkdtemp(dir=self._scratch.name))
        return SampleWork(folder, inputs, backends, settings=settings or {})

    def _run(self, task: Task, wanted: Wanted, backwards: bool = False) -> Any:
        """The task, in a folder of its own; steps that are wanted for it before."""
        inputs, backends = {}, self._backends(wanted.components)
        for role, feeds in wanted.inputs.items():
            if any(isinstance(one, Piece) and one.kind == StudyPotential.kind for one in feeds):
                backends[role] = LennardJones()
            made = [one for one in feeds if isinstance(one, Wanted) or one.key]  # the others are no step's
            inputs[role] = [self._fed(task, role, one) for one in (reversed(made) if backwards else made)]
        return task.run(self._work(inputs, backends, task.options.as_json()))

    def _fed(self, task: Task, role: str, one: Piece | Wanted) -> Data:
        if isinstance(one, Piece):
            return self.data[one]
        own = load("tasks", one.task, one.options)
        ran = RanStep(one.task, own.options.as_json(), self._run(own, one))
        return task.inputs[role].data.read(ran, one.ref)

    def _backends(self, components: Mapping[str, str]) -> dict[str, Backend]:
        living: dict[str, Backend] = {}
        for role, of in components.items():
            living[role] = SampleDescriptor(SampleDescriptor.Options()) if of == "descriptor" else LennardJones()
        return living


def load(hook: str, name: str, options: Mapping[str, Any]) -> Any:
    """A living backend of that name. UnknownName where there is none."""
    return registry().load(registry().resolve(hook, Spec(name, options)))


@dataclass(frozen=True, eq=False)
class RanStep:
    """A step of a task that ran, as its outputs are read."""

    title: str
    options: Mapping[str, Any]
    outcome: Outcome

    @property
    def key(self) -> str:
        return self.title

    @property
    def values(self) -> Mapping[str, Any]:
        """As JSON keeps them."""
        return json.loads(json.dumps(dict(self.outcome.values), allow_nan=False))

    @property
    def measured(self) -> Mapping[str, Any]:
        return self.outcome.measured

    @property
    def component(self) -> Component | None:
        return self.outcome.component

    def path(self, output: str) -> Path:
        return self.outcome.files[output]

    def frames(self, output: str = "frames") -> FrameSet:
        return FrameSet(read_frames(self.path(output)))

    def fed_by(self, role: str) -> Sequence[FinishedStep]:
        return ()


class SampleLabels:
    """Labels of Lennard-Jones, in the place of a label store."""

    labeler: Any = None
    bought = 0

    def label(self, frame: Atoms) -> Labels:
        """The frame's label."""
        (found,) = LennardJones().predict([frame], ("energy", "forces", "stress"))
        return found

    def labels(self, frames: Sequence[Atoms]) -> Iterator[Labels]:
        """Those of many frames."""
        return map(self.label, frames)


class SampleWork(GivenWork):
    """Given work with a labeler."""

    def labeler(self, role: str = "labeler") -> SampleLabels:
        return SampleLabels()


class SampleDescriptor(Descriptor):
    """Distances to the atoms of each element, smeared out on a grid: invariant, and quick."""

    name = "sample"

    def describe(self, frames: Sequence[Atoms], elements: Sequence[str]) -> Iterator[np.ndarray]:
        import numpy as np

        grid = np.linspace(2.0, 8.0, 5)
        for frame in frames:
            symbols = np.array(frame.get_chemical_symbols())
            apart = frame.get_all_distances(mic=bool(frame.pbc.any()))
            near = np.exp(-((apart[:, :, None] - grid) ** 2)) * (apart > 0)[:, :, None]
            yield np.concatenate([near[:, symbols == element].sum(axis=1) for element in elements], axis=1)
