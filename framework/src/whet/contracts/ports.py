"""Ports: what a step can be fed with, as the task that runs it reads it. A third party may add kinds of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from whet.contracts.component import Component
from whet.contracts.findings import Findings
from whet.contracts.ref import LABELER, Ref
from whet.data.frames import FrameSet

if TYPE_CHECKING:
    from ase import Atoms


class FinishedStep(Protocol):
    """A step that has its result, and through it those that fed it."""

    @property
    def key(self) -> str:
        """The step's key."""
        ...

    @property
    def title(self) -> str:
        """What people call the step."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """Options of its task."""
        ...

    @property
    def values(self) -> Mapping[str, Any]:
        """The plain data that it left."""
        ...

    @property
    def measured(self) -> Mapping[str, Any]:
        """What was recorded beside its result: seconds, versions, device."""
        ...

    @property
    def component(self) -> Component | None:
        """The component that it made, if any."""
        ...

    def path(self, output: str) -> Path:
        """A file that it left. InputError where it is gone or was changed."""
        ...

    def frames(self, output: str = "frames") -> FrameSet:
        """Frames that it left. InputError where the file is gone or was changed."""
        ...

    def fed_by(self, role: str) -> Sequence[FinishedStep]:
        """The steps that fed it in a role; none where the role is not in its recipe."""
        ...


class Data(ABC):
    """What one step left, in the form in which other tasks want it. kind: the word for it in a plan."""

    kind: ClassVar[str]
    ref: Ref

    @classmethod
    @abstractmethod
    def read(cls, step: FinishedStep, ref: Ref) -> Self:
        """What the step left. ref: which piece of the study it is."""


@dataclass(frozen=True)
class Port:
    """An input of a task. data: of what kind. many: whether several steps may feed it. what: it is for, in words."""

    data: type[Data]
    many: bool = True
    what: str = ""


@dataclass(frozen=True, eq=False)
class LabeledFrames(Data):
    """Frames with the labels of the reference. failures: index, reason and log of each that could not be labeled."""

    kind = "labeled"
    ref: Ref
    frames: FrameSet
    failures: Sequence[Mapping[str, Any]] = ()
    suspicious: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def read(cls, step: FinishedStep, ref: Ref) -> Self:
        """Of a step `label` or `import`."""
        return cls(ref, step.frames(), step.values.get("failures", ()), step.values.get("findings", ()))


@dataclass(frozen=True, eq=False)
class SampledTrajectory(Data):
    """A trajectory and its labels.

    ref.sampled_by: who drove it, None where nobody says. start: the structure in which molecules are whole; of a file
    its first frame. frames: as the driver predicted them; of a file without answers, unless the reference drove, whose
    answers the labels are. times: fs, of each. labeled: the frames that have labels of the reference, kept: their
    indices. end: why it ended before its time, else None.
    """

    kind = "trajectories"
    ref: Ref
    title: str
    start: Atoms
    frames: FrameSet
    times: Sequence[float]
    labeled: FrameSet
    kept: Sequence[int]
    end: Mapping[str, Any] | None = None

    @classmethod
    def read(cls, step: FinishedStep, ref: Ref) -> Self:
        """Of a step `label` that labeled what a step `md` sampled, or of a step `import-trajectory`."""
        if "times" in step.values:
            frames, labeled, values = step.frames("trajectory"), step.frames(), step.values
            if ref.sampled_by == LABELER and len(labeled) == len(frames):
                frames = labeled
            return cls(ref, step.title, frames[0], frames, values["times"], labeled, values["kept"], values["end"])
        (md,) = step.fed_by("frames")
        start = md
        while before := start.fed_by("start"):  # a run that was taken up again began where another one did
            (start,) = before
        values = md.values
        return cls(
            ref,
            md.title,
            start.frames()[0],
            md.frames(),
            values["times"],
            step.frames(),
            step.values["kept"],
            values["end"],
        )


@dataclass(frozen=True, eq=False)
class Predictions(Data):
    """What a potential predicts for labeled frames.

    reference, predicted: the same frames in the same order, with the labels of the reference and of the potential.
    indices: their numbers in the set. left_out: (index, reason) of the frames that are not among them. trajectories:
    for each frame the number of the trajectory, in the set, that it is of; the same for all of a file whose
    trajectories are not known. seconds_per_frame: None where it was not measured. doubts: sentences on compositions
    whose energy the potential's reference energies do not determine. conservative: whether the potential's forces are
    the gradient of its energy.
    """

    kind = "predictions"
    ref: Ref
    reference: FrameSet
    predicted: FrameSet
    indices: Sequence[int]
    left_out: Sequence[tuple[int, str]]
    trajectories: Sequence[int]
    seconds_per_frame: float | None = None
    doubts: Sequence[str] = ()
    conservative: bool = True

    @classmethod
    def read(cls, step: FinishedStep, ref: Ref) -> Self:
        """Of a step `evaluate`."""
        parts = [labeled.frames(step.options["output"]) for labeled in step.fed_by("frames")]
        reference, kept = sum(parts, FrameSet(())), step.values["kept"]
        trajectories = [number for number, part in enumerate(parts) for _ in part]
        return cls(
            ref,
            reference.take(kept),
            step.frames(),
            kept,
            [(one["index"], one["reason"]) for one in step.values["left_out"]],
            [trajectories[index] for index in kept],
            step.measured.get("seconds_per_frame"),
            step.values.get("energy_doubts", ()),
            step.values.get("conservative", True),
        )


@dataclass(frozen=True, eq=False)
class Dataset(Data):
    """Labeled frames that a potential was trained on. pool: how many there were to choose from."""

    kind = "datasets"
    ref: Ref
    train: FrameSet
    valid: FrameSet
    pool: int

    @classmethod
    def read(cls, step: FinishedStep, ref: Ref) -> Self:
        """Of a step `dataset`."""
        return cls(ref, step.frames("train"), step.frames("valid"), step.values["pool"])


@dataclass(frozen=True, eq=False)
class StudyPotential(Data):
    """A potential of the study in one state. The living one is had by `work.load(ROLE)`, also of an untouched one."""

    kind = "potentials"
    ref: Ref
    component: Component | None

    @classmethod
    def read(cls, step: FinishedStep, ref: Ref) -> Self:
        """Of a step that made a potential."""
        return cls(ref, step.component)


@dataclass(frozen=True, eq=False)
class FineTuning(Data):
    """A fine-tuning that was done.

    train, valid: numbers of frames. applied: settings read back from upstream. curves: name -> one number an epoch.
    reference_energies: the alignment (`whet.ReferenceEnergies(**…)`). members: how many of a committee. component:
    the potential that it made. seconds: that it took; None where that is not known. loss_at_start: terms of the loss
    before the first step, on the training frames, by label: weight, mean and share (numbers or None). stress: why it
    was trained on stress or not; empty where the study says so.
    """

    kind = "fine-tunings"
    ref: Ref
    train: int
    valid: int
    applied: Mapping[str, Any]
    curves: Mapping[str, Sequence[float]]
    reference_energies: Mapping[str, Any]
    component: Component | None
    members: int = 1
    seconds: float | None = None
    loss_at_start: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    stress: str = ""

    @classmethod
    def read(cls, step: FinishedStep, ref: Ref) -> Self:
        """Of a step `fine-tune`, or of the first of those that a step `committee` joins."""
        joined = step.fed_by("members")
        first = joined[0] if joined else step
        values, seconds = first.values, first.measured.get("seconds")
        return cls(
            ref,
            values["train"],
            values["valid"],
            values["applied"],
            values["curves"],
            values["reference_energies"],
            step.component,
            max(len(joined), 1),
            seconds if isinstance(seconds, int | float) else None,
            values.get("loss_at_start", {}),  # older results have neither of the two
            values.get("stress", ""),
        )


@dataclass(frozen=True, eq=False)
class Found(Data):
    """What another analysis found. analysis: its name."""

    kind = "findings"
    ref: Ref
    findings: Findings

    @classmethod
    def read(cls, step: FinishedStep, ref: Ref) -> Self:
        """Of a step of an analysis."""
        import json

        said = json.loads(step.path("findings").read_text(encoding="utf-8"))
        return cls(ref, Findings.from_json(said, lambda role: step.path(role).read_bytes()))


@dataclass(frozen=True, eq=False)
class Frames(Data):
    """Frames as a step left them, with the labels that they happen to have."""

    kind = "frames"
    ref: Ref
    frames: FrameSet

    @classmethod
    def read(cls, step: FinishedStep, ref: Ref) -> Self:
        """Of any step that leaves `frames`."""
        return cls(ref, step.frames())
