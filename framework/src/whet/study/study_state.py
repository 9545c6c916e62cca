"""StudyState: where every step of a study stands at this moment, and why those wait that do."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from whet.data.errors import StoreError
from whet.running.at_work import others_at_work
from whet.running.progress_file import Progress, read_progress
from whet.running.run_state import RunState, last_run
from whet.running.step import Step
from whet.study.costs import Costs, makespan
from whet.study.stored_study import StoredStudy

Word = Literal["done", "running", "handed on", "ready", "waiting", "failed", "stuck"]
"""Where a step stands. `handed on`: to the executor, no worker has begun. `stuck`: it needs a step that failed."""

ANOTHER = "another process than the last run holds it"


@dataclass(frozen=True)
class StepState:
    """Of one step. why: it waits, failed or is stuck. waits_for: keys of the steps that it waits for.

    host, since (s since 1970), progress: of one that runs. log: a path, where there is one.
    """

    step: Step
    word: Word
    why: str = ""
    waits_for: Sequence[str] = ()
    host: str = ""
    since: float | None = None
    progress: Progress | None = None
    log: str = ""

    @property
    def is_of_another(self) -> bool:
        """Whether it runs, and another process than the last run holds it."""
        return self.word == "running" and self.why == ANOTHER

    @property
    def title(self) -> str:
        """What people call it."""
        return self.step.title or self.step.key

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        counted = self.progress is not None and self.progress.total > 0
        return {
            "key": self.step.key,
            "title": self.step.title,
            "kind": self.step.kind,
            "state": self.word,
            "why": self.why,
            "waits_for": list(self.waits_for),
            "host": self.host,
            "since": self.since,
            "done": self.progress.done if counted and self.progress else None,
            "total": self.progress.total if counted and self.progress else None,
            "losses": dict(self.progress.losses) if self.progress is not None else {},
            "log": self.log,
        }


@dataclass(frozen=True)
class TimeLeft:
    """An estimate. seconds: with so many workers. unmeasured: kind -> steps that are not in it.

    rests_on: finished steps; by_progress: running ones.
    """

    seconds: float
    workers: int
    rests_on: int
    by_progress: int = 0
    unmeasured: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyState:
    """A look at the store: nothing is compared with its digest, nothing is changed. workers: where no run has said."""

    study: StoredStudy
    workers: int | None = None

    @cached_property
    def run(self) -> RunState | None:
        """The last run in this store."""
        return last_run(self.study.store.root)

    @property
    def is_running(self) -> bool:
        """Whether the last run goes on, as far as can be told: of a driver on another machine by its log alone."""
        run = self.run
        if run is None or run.started is None or run.ended is not None:
            return False
        return run.started.host != platform.node() or _lives(run.started.pid)

    @cached_property
    def others(self) -> list[str]:
        """Who is at work in the store but the last run: `process PID on HOST` each; empty where that cannot be told."""
        started = self.run.started if self.run is not None else None
        own = f"process {started.pid} on {started.host}" if started is not None else ""
        with suppress(StoreError, OSError):
            return [one for one in others_at_work(self.study.store.root) if one != own]
        return []

    @cached_property
    def steps(self) -> dict[str, StepState]:
        """Every step of the plan, in its order."""
        found: dict[str, StepState] = {}
        for key, step in self.study.stored.plan.steps.items():  # each stands after those that feed it
            found[key] = StepState(step, "done") if key in self.study.done else self._open(step, found)
        return found

    def _open(self, step: Step, before: Mapping[str, StepState]) -> StepState:
        key, log = step.key, self.log_of(step.key)
        at_work = self.run.submitted.get(key) if self.run is not None and self.is_running else None
        if self._is_held(key):
            said = read_progress(self.study.store.folder(self._job(key)))
            host = said.host if said is not None else at_work.host if at_work is not None else ""
            since = said.began if said is not None else at_work.since if at_work is not None else None
            why = "" if at_work is not None else ANOTHER
            return StepState(step, "running", why, (), host, since, said, log)
        if at_work is not None:
            return StepState(step, "handed on", "no worker has begun with it", (), "", at_work.since, None, log)
        if fault := self.study.fault(key):
            return StepState(step, "failed", fault, log=log)
        waits_for = [feed for feed in dict.fromkeys(step.feeds) if feed in before and before[feed].word != "done"]
        if broken := [feed for feed in waits_for if before[feed].word in ("failed", "stuck")]:
            return StepState(step, "stuck", f"{before[broken[0]].title} {_WENT[before[broken[0]].word]}", broken)
        if waits_for:
            named = [f"{before[feed].title}{_NOW.get(before[feed].word, '')}" for feed in waits_for[:2]]
            more = f" and {len(waits_for) - 2} more" * (len(waits_for) > 2)
            return StepState(step, "waiting", ", ".join(named) + more, waits_for)
        holder = self.run.waits.get(key, "") if self.run is not None and self.is_running else ""
        if holder in before and before[holder].word != "done":
            return StepState(step, "waiting", f"labels that {before[holder].title} computes", [holder])
        return StepState(step, "ready", "a free worker" if self.is_running else "a run", log=log)

    def _is_held(self, key: str) -> bool:
        try:
            return self.study.store.is_busy(key)
        except StoreError:  # a store of somebody else's, which may only be read
            return self.run is not None and self.is_running and bool(self.run.submitted.get(key))

    def _job(self, key: str) -> str:
        return self.run.jobs.get(key, key) if self.run is not None else key

    def log_of(self, key: str) -> str:
        """The log that speaks for a step: its own, or that of the first of those that were done at once; or empty."""
        for name in dict.fromkeys((self._job(key), key)):
            path: Path = self.study.store.folder(name) / "log.txt"
            if path.is_file():
                return str(path)
        return ""

    def goes_on(self, key: str) -> bool:
        """Whether the step runs at this moment, or was handed on."""
        at_work = self.is_running and self.run is not None and key in self.run.submitted
        return at_work or (not self.study.store.is_done(key) and self._is_held(key))

    def of(self, *words: Word) -> list[StepState]:
        """The steps that stand so, in the plan's order."""
        return [one for one in self.steps.values() if one.word in words]

    def counts(self) -> dict[str, dict[Word, int]]:
        """Numbers of steps by kind and by where they stand."""
        found: dict[str, dict[Word, int]] = {}
        for one in self.steps.values():
            row = found.setdefault(one.step.kind, {})
            row[one.word] = row.get(one.word, 0) + 1
        return found

    @cached_property
    def costs(self) -> Costs:
        """What steps took, and so what others will take."""
        return Costs(self.study)

    @cached_property
    def time_left(self) -> TimeLeft | None:
        """How long what can still run takes; None where nothing is left, or nothing was measured."""
        left = {key: one for key, one in self.steps.items() if one.word not in ("done", "failed", "stuck")}
        if not left:
            return None
        costs = self.costs
        seconds: dict[str, float] = {}
        rests_on: dict[object, int] = {}
        unmeasured: dict[str, int] = {}
        running = 0
        for key, one in left.items():
            measured, takes = costs.measured(one.step), costs.seconds(one.step)
            by_progress = _by_progress(one)
            if by_progress is not None:
                seconds[key] = by_progress
                running += 1
            elif takes is None or measured is None:
                unmeasured[one.step.kind] = unmeasured.get(one.step.kind, 0) + 1
            else:
                spent = time.time() - one.since if one.since is not None and one.word == "running" else 0.0
                seconds[key] = max(0.0, takes - spent)
                rests_on[measured] = measured.count
        if not seconds:
            return None
        room = self.run.started.room if self.run is not None and self.run.started is not None else self.workers or 1
        steps = {key: one.step for key, one in left.items()}
        return TimeLeft(makespan(steps, seconds, room), room, sum(rests_on.values()), running, unmeasured)

    def as_json(self) -> dict[str, Any]:
        """Plain data: `steps`, and of the last run what is known."""
        run, left = self.run, self.time_left
        said: dict[str, Any] = {"all_steps": [one.as_json() for one in self.steps.values()], "run": None}
        if run is not None and run.started is not None:
            said["run"] = {
                "executor": run.started.executor,
                "room": run.started.room,
                "host": run.started.host,
                "pid": run.started.pid,
                "since": run.since,
                "last_event": run.last,
                "running": self.is_running,
                "interrupted": run.interrupted.why if run.interrupted else None,
                "ended": run.ended is not None,
                "events": str(run.path),
            }
        said["time_left"] = left and {
            "seconds": round(left.seconds, 1),
            "workers": left.workers,
            "rests_on": left.rests_on,
            "by_progress": left.by_progress,
            "unmeasured": dict(left.unmeasured),
        }
        return said


_WENT = {"failed": "failed", "stuck": "cannot run"}
_NOW = {"running": " (running)", "handed on": " (handed on)"}


def _by_progress(one: StepState) -> float | None:
    """Seconds that a running step still takes, by how far it has come; None where it has not said that."""
    said = one.progress
    if one.word != "running" or said is None or not 0 < said.done <= said.total:
        return None
    return max(0.0, (said.said - said.began) / said.done * said.total - (time.time() - said.began))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
