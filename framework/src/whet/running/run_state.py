"""RunState: where a run stands, by what its event log says."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from whet.running.event_log import Happened, event_logs, read_events
from whet.running.events import (
    LabelsKept,
    RunEnded,
    RunInterrupted,
    RunStarted,
    StepDamaged,
    StepElsewhere,
    StepEnded,
    StepFailed,
    StepLost,
    StepReused,
    StepRunning,
    StepSubmitted,
    StepWaits,
)

MOST_REMEMBERED = 100
"""Events that are kept to be shown."""


@dataclass
class StepAtWork:
    """A step that was handed on. since: s since 1970. host: empty as long as no worker has said that it has begun."""

    key: str
    title: str
    job: str
    since: float
    host: str = ""
    pid: int = 0


@dataclass
class RunState:
    """started, ended: None where that was not said; a run that was killed never says its end. last: s since 1970.

    submitted: steps at work, in the order in which they were handed on. elsewhere: steps that another process holds.
    waits: step -> the one that computes labels which it wants. jobs: step -> the step whose log speaks for it.
    """

    path: Path | None = None
    started: RunStarted | None = None
    since: float = 0.0
    last: float = 0.0
    interrupted: RunInterrupted | None = None
    ended: RunEnded | None = None
    submitted: dict[str, StepAtWork] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    waits: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    done: int = 0
    failed: dict[str, StepFailed] = field(default_factory=dict)
    labels: int = 0
    recent: deque[Happened] = field(default_factory=lambda: deque(maxlen=MOST_REMEMBERED))

    @classmethod
    def of(cls, path: Path) -> RunState:
        """By a whole log, as far as it is written."""
        state = cls(path)
        state.take(read_events(path))
        return state

    def take(self, happened: Iterable[Happened]) -> None:
        """Goes on by these events."""
        for one in happened:
            self._take(one)
            self.last = one.time
            self.recent.append(one)

    def _take(self, happened: Happened) -> None:
        match happened.event:
            case RunStarted() as event:
                self.started, self.since = event, happened.time
            case StepSubmitted() as event:
                self.submitted[event.step] = StepAtWork(event.step, event.title, event.job, happened.time)
                self.jobs[event.step] = event.job
                self.titles[event.step] = event.title
                self.waits.pop(event.step, None)
                self.elsewhere.pop(event.step, None)
            case StepRunning() as event if event.step in self.submitted:
                at_work = self.submitted[event.step]
                at_work.host, at_work.pid, at_work.since = event.host, event.pid, event.began
            case StepEnded() as event:
                self.submitted.pop(event.step, None)
                self.done += 1
            case StepFailed() as event:
                self.submitted.pop(event.step, None)
                self.failed[event.step] = event
            case StepLost() as event:
                self.submitted.pop(event.step, None)
            case StepDamaged():  # it was done: before this run, or in it
                self.done -= 1
            case StepElsewhere() as event:
                self.elsewhere[event.step] = event.title
            case StepReused() as event:
                self.elsewhere.pop(event.step, None)
                self.done += 1
            case StepWaits() as event:
                self.waits[event.step] = event.holder
            case LabelsKept() as event:
                self.labels += event.labels
            case RunInterrupted() as event:
                self.interrupted = event
            case RunEnded() as event:
                self.ended = event
                self.submitted.clear()
            case _:
                pass


def last_run(store: Path) -> RunState | None:
    """Of the run of a store that began last and handed on any step; None where there is none."""
    for path in event_logs(store):
        state = RunState.of(path)
        if state.started is not None:
            return state
    return None
