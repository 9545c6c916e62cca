"""Events: what a run writes into its event log. The one list of them; the pages on event logs are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, ClassVar, Self

from whet.data.numbers import count


@dataclass(frozen=True)
class Event:
    """Something that happened in a run. name: its word in the log."""

    name: ClassVar[str] = ""

    def as_json(self) -> dict[str, Any]:
        """Plain data: the word and the fields; `read_event` reads it back."""
        return {"event": self.name, **asdict(self)}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """The event with these fields; others are left out, as a newer version may have added them.

        Raises TypeError where one is missing.
        """
        return cls(**{one.name: data[one.name] for one in fields(cls) if one.name in data})


@dataclass(frozen=True)
class RunStarted(Event):
    """The first step is about to be handed to the executor, which is ready.

    executor: its name. room: jobs that it takes at once. host, pid: of the driver. steps: of the plan. done: of these,
    those that had their result before.
    """

    name = "run-started"
    executor: str
    room: int
    host: str = ""
    pid: int = 0
    steps: int = 0
    done: int = 0


@dataclass(frozen=True)
class StepSubmitted(Event):
    """A step was handed to the executor. job: key of the first step of the same job, whose log speaks for all of it."""

    name = "step-submitted"
    step: str
    title: str
    job: str
    environment: str = ""
    cores: int = 1


@dataclass(frozen=True)
class StepRunning(Event):
    """A worker has begun with a step. host, pid: of the worker. began: s since 1970, by the worker's clock.

    Said once, when the driver sees it; of a step that takes less than some seconds it may never be said.
    """

    name = "step-running"
    step: str
    host: str
    pid: int
    began: float


@dataclass(frozen=True)
class StepEnded(Event):
    """A step has its result. seconds: since it was handed on, divided by the number of steps of its job.

    host: where it ran; empty where no worker said so.
    """

    name = "step-ended"
    step: str
    seconds: float
    host: str = ""


@dataclass(frozen=True)
class StepLost(Event):
    """The worker of a step went away: killed, out of memory, out of time, its node gone.

    host: where it ran; empty where no worker said so. again: whether the step is tried again.
    """

    name = "step-lost"
    step: str
    why: str
    host: str = ""
    again: bool = True


@dataclass(frozen=True)
class StepFailed(Event):
    """A step ended with a fault, and is not tried again in this run. log: the file with upstream's last words."""

    name = "step-failed"
    step: str
    why: str
    log: str = ""


@dataclass(frozen=True)
class StepDamaged(Event):
    """The result of a step cannot be used, was discarded, and will be made again."""

    name = "step-damaged"
    step: str
    damage: str


@dataclass(frozen=True)
class StepElsewhere(Event):
    """Another process, such as a second run, holds a step: this run waits for it, and does others."""

    name = "step-elsewhere"
    step: str
    title: str = ""


@dataclass(frozen=True)
class StepReused(Event):
    """A step that another process held has its result from there."""

    name = "step-reused"
    step: str


@dataclass(frozen=True)
class StepWaits(Event):
    """A step waits, as another one (`holder`, its key) computes labels that it wants, too."""

    name = "step-waits"
    step: str
    holder: str


@dataclass(frozen=True)
class RunWaits(Event):
    """Nothing of this run is at work: it waits for steps that other runs hold.

    steps: how many. runs: who is at work in the store, `process PID on HOST` each, with commas between.
    """

    name = "run-waits"
    steps: int
    runs: str = ""

    def __str__(self) -> str:
        """A line."""
        are = "are" if "," in self.runs else "is"
        return f"waiting: {self.runs or 'another process'} {are} at work on {count(self.steps, 'step')}"


@dataclass(frozen=True)
class LabelsKept(Event):
    """Labels of a step went into the label store. labels: how many were new there."""

    name = "labels-kept"
    step: str
    labels: int


@dataclass(frozen=True)
class LabelsDamaged(Event):
    """A label in the log of a step, or the log, cannot be read. It is computed again."""

    name = "labels-damaged"
    step: str
    damage: str


@dataclass(frozen=True)
class RunInterrupted(Event):
    """The run is ended before its time. why: a signal (`SIGTERM`), `interrupted` (Ctrl-C), or a fault."""

    name = "run-interrupted"
    why: str


@dataclass(frozen=True)
class RunEnded(Event):
    """The last line, after which nothing of the run lives; it is missing where the driver was killed.

    ran, reused, failed, not_run: numbers of steps. labels: that went into the label store in this run. seconds: of it.
    """

    name = "run-ended"
    ran: int
    failed: int
    reused: int = 0
    not_run: int = 0
    labels: int = 0
    seconds: float = 0.0


EVENTS: Mapping[str, type[Event]] = {kind.name: kind for kind in Event.__subclasses__()}
"""Every event by its word."""


def read_event(data: Mapping[str, Any]) -> Event | None:
    """The event that a line says; None for one that this version does not know, or that lacks a field."""
    kind = EVENTS.get(str(data.get("event")))
    if kind is None:
        return None
    needed = {one.name for one in fields(kind) if one.default is MISSING}
    return kind.of(data) if needed <= data.keys() else None
