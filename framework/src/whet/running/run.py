"""Run: one run of a runner, from the first step that is handed to the executor until nothing is left."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from itertools import islice
from queue import Empty, SimpleQueue

from whet.contracts.executor import Job, Site
from whet.contracts.task import Task
from whet.data.errors import ProcessLost, StoreError, WhetError
from whet.data.numbers import count
from whet.plugins.registry import registry
from whet.running.at_work import others_at_work
from whet.running.attempts import Attempts
from whet.running.claims import Claims
from whet.running.environments import Environment
from whet.running.event_log import EventLog
from whet.running.events import (
    RunEnded,
    RunInterrupted,
    RunStarted,
    RunWaits,
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
from whet.running.feeding import feeding
from whet.running.job_fault import job_fault, step_fault
from whet.running.label_intake import LabelIntake
from whet.running.progress_file import forget_progress, read_progress
from whet.running.runner import Account, Planner, Runner
from whet.running.schedule import Schedule
from whet.running.step import Step
from whet.running.watcher import Watcher

LOOK = 1.0
"""Seconds between looks at how far steps are, and at steps that other runs hold."""

MOST_LOOKED_AT = 32
"""Steps whose progress is read at one look: they are files on a disk that may be slow."""

MOST_REDONE = 2
"""How often a step is done again whose result is found damaged: a disk that damages everything is not to be fed."""


class Run:
    """The driver's state. Only its own thread changes it; executors tell of the end of a job through a queue."""

    def __init__(self, runner: Runner, planner: Planner, watcher: Watcher) -> None:
        self._runner, self._planner, self._watcher = runner, planner, watcher
        self._store = runner.store
        self._account = Account()
        self._schedule = Schedule(self._batch_of)
        self._attempts, self._claims = Attempts(runner.retries), Claims(runner.store)
        self._say = EventLog(runner.store.root, getattr(watcher, "happened", None))
        self._take_in = LabelIntake(runner.store, self._account, self._say)
        self._ended: SimpleQueue[tuple[list[Step], float, Future[None]]] = SimpleQueue()
        self._running: dict[str, Step] = {}
        self._at_work, self._has_begun = ExitStack(), False
        self._jobs = 0
        self._room = 0
        self._elsewhere: dict[str, Step] = {}
        self._planned: dict[str, Step] = {}
        self._alone: set[str] = set()
        self._redone: dict[str, int] = {}
        self._look_at = 0.0
        self._is_idle = False
        self._seen_running: set[str] = set()
        self._began = time.monotonic()

    def __call__(self) -> Account:
        """Until nothing is left that can run. What ends it before has a note that says what is kept."""
        with self._at_work:
            return self._ended_in_order()

    def _ended_in_order(self) -> Account:
        try:
            self._work()
        except BaseException as error:
            why = str(error) or ("interrupted" if isinstance(error, KeyboardInterrupt) else type(error).__name__)
            if not self._say.is_empty:
                self._say(RunInterrupted(why))
            self._stop()
            error.add_note(self._kept())
            raise
        self._stop()
        return self._account

    def _work(self) -> None:
        self._take_in_leftovers()
        self._take()
        while True:
            self._hand_on()
            if self._running or self._attempts.waiting or any(map(self._awaits, self._elsewhere)):
                self._wait()
            elif not self._take():
                break

    def _stop(self) -> None:
        """Nothing runs after this; what had its result, or labels, has them."""
        account = self._account
        if self._room:
            self._runner.executor.stop()
        for key in self._running:
            self._take_in(key)
            if self._store.is_done(key):
                account.ran.append(key)
        account.not_run = list(self._schedule.waiting)
        seconds = round(time.monotonic() - self._began, 3)
        counts = (len(account.ran), len(account.failed), len(account.reused), len(account.not_run))
        self._say.close(RunEnded(*counts, account.labels, seconds))

    def _kept(self) -> str:
        """What was done is kept, in words."""
        ran, there = len(self._account.ran), len(self._account.reused)
        now = f"{count(ran, 'step')} and {count(self._account.labels, 'label')} of this run are kept"
        return f"{now}, and so are {there} from before" if there else now

    # What there is to do

    def _take_in_leftovers(self) -> None:
        """What workers left to a run that was killed. Those of a run that goes on are left to it, with their claims."""
        for key in self._take_in.leftovers():
            if self._store.is_busy(key):
                with suppress(StoreError):
                    self._leave(self._store.step(key))
            else:
                self._begin()
                self._take_in(key)

    def _take(self) -> bool:
        """Puts what the planner has now in the place of what waits; says whether there are steps that are new."""
        account, waiting = self._account, self._schedule.waiting
        held = {**self._running, **self._elsewhere, **{step.key: step for step in self._attempts.waiting}}
        known = {*account.ran, *account.reused, *account.failed, *held}
        self._planned = found = {step.key: step for step in self._planner.plan(account)}
        new = [step for key, step in found.items() if key not in known and key not in waiting]
        done = {step.key for step in new if self._is_done(step)}
        account.reused += [step.key for step in new if step.key in done]
        if any(step.key not in done for step in new):
            self._begin()
        for step in new:  # recipes of finished steps, too, are read by those that these feed
            self._store.describe(step)
        to_do = {key: step for key, step in found.items() if key not in known and key not in done}
        self._schedule.replace(to_do, {*held, *account.failed})
        return bool(new)

    def _begin(self) -> None:
        """Something is to be written: the store is made, and others can see that somebody is at work in it."""
        if not self._has_begun:
            self._claims.share(self._at_work.enter_context(self._store.at_work()))
            self._has_begun = True

    def _is_done(self, step: Step) -> bool:
        """Whether it has a result that can be used; a damaged one is gone after this."""
        if not self._store.is_done(step.key):
            return False
        if damage := self._store.damage(step.key):
            self._redo(step.key, damage)
            return False
        return True

    def _redo(self, key: str, damage: str) -> None:
        self._begin()
        self._account.damaged[key] = damage
        self._redone[key] = self._redone.get(key, 0) + 1
        self._say(StepDamaged(key, damage))
        self._store.discard(key)

    def _batch_of(self, step: Step) -> str:
        """The same for steps that gain from being one job, as their task says where it is installed here."""
        if not self._runner.together or step.key in self._alone:
            return step.key
        with suppress(WhetError):
            task: type[Task] = registry().find(step.task.hook, step.task.name)
            if (key := task.batch_key(step.components, step.inputs)) is not None:
                return f"{step.environment} {step.kind} {key}"
        return step.key

    # To the executor

    def _hand_on(self) -> None:
        """As many jobs as there is room for."""
        if not self._room and any(map(self._awaits, self._elsewhere)):
            # What holds these may be what a killed run left: the executor ends that when it starts.
            self._begin()
            self._start()
        while (not self._room or self._jobs < self._room) and (steps := self._schedule.take(self._running)):
            if not self._room:  # before looking at what is busy: it ends what a killed run left behind
                self._start()
            if holder := self._claims.holder(steps):
                for step in steps:
                    self._schedule.put_back(step, [_labels_of(holder)])
                    self._say(StepWaits(step.key, holder))
                continue
            if any(self._store.is_busy(step.key) for step in steps):
                for step in steps:
                    self._leave(step)
                    self._say(StepElsewhere(step.key, step.title))
                continue
            if not all(self._claims.take(step) for step in steps):  # another run computes labels that one of them wants
                for step in steps:
                    self._claims.release(step.key)
                    self._elsewhere[step.key] = step
                continue
            self._submit(steps)

    def _leave(self, step: Step) -> None:
        """To another run, which is at it; its labels, too, are that one's to compute."""
        self._elsewhere[step.key] = step
        self._claims.leave(step)

    def _awaits(self, key: str) -> bool:
        """Whether a step that another run is at is one of this run's, or has the labels that one of those wants."""
        return key in self._planned or self._schedule.awaits(_labels_of(key))

    def _submit(self, steps: list[Step]) -> None:
        job = self._job(steps)
        for step in steps:
            self._take_in(step.key)  # what a run left there that held the step until now
            self._running[step.key] = step
            forget_progress(self._store.folder(step.key))
            self._say(StepSubmitted(step.key, step.title, job.name, step.environment, job.cores))
            self._watcher.began(step)
        self._jobs += 1
        started = time.monotonic()
        future = self._runner.executor.submit(job)
        future.add_done_callback(lambda done: self._ended.put((steps, started, done)))

    def _start(self) -> None:
        executor = self._runner.executor
        folder = self._store.root / "executors" / executor.name
        try:
            self._room = max(1, executor.start(Site(folder, self._runner.workers)))
        except BaseException:
            with suppress(Exception):  # it may have started something, and not know how to end all of it yet
                executor.stop()
            raise
        driver = (platform.node(), os.getpid())
        self._say(RunStarted(executor.name, self._room, *driver, len(self._planned), len(self._account.reused)))

    def _job(self, steps: Sequence[Step]) -> Job:
        environment = steps[0].environment
        place = self._runner.environments[environment] if environment else Environment()
        folders = tuple(self._store.folder(step.key) for step in steps)
        needs = self._runner.resources(steps[0])
        return Job(folders, place.python, environment, self._runner.device, self._runner.batch, needs)

    # And back

    def _wait(self) -> None:
        """Until a job ends, or it is time to look at something."""
        pause = min(LOOK, LOOK if self._attempts.next_in is None else self._attempts.next_in)
        try:
            ended = [self._ended.get(timeout=pause)]
        except Empty:
            ended = []
        with suppress(Empty):
            while True:
                ended.append(self._ended.get_nowait())
        asked = False
        for steps, started, future in ended:
            self._jobs -= 1
            keys = [step.key for step in steps]
            for key in keys:
                del self._running[key]
            self._settle(steps, started, future)
            asked = asked or any(self._planner.asks_after(key) for key in keys)
        if asked:
            self._take()
        for step in self._attempts.due():
            self._schedule.put_back(step)
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK
            self._look()

    def _look(self) -> None:
        """At how far steps are, the same few only where there are few, and at those that other runs held."""
        for key in list(islice(self._running, MOST_LOOKED_AT)):
            step = self._running.pop(key)
            self._running[key] = step
            if (said := read_progress(self._store.folder(key))) is None:
                continue
            if key not in self._seen_running:
                self._seen_running.add(key)
                self._say(StepRunning(key, said.host, said.pid, said.began))
            if said.total:
                self._watcher.progress(step, said.done, said.total)
            if said.losses and (losses := getattr(self._watcher, "losses", None)) is not None:
                losses(step, said.losses)
        for key, step in list(self._elsewhere.items()):
            if self._store.is_busy(key):
                continue
            del self._elsewhere[key]
            self._take_in(key)
            self._claims.release(key)
            self._schedule.done(_labels_of(key))
            if key not in self._planned:  # another study's
                continue
            if self._is_done(step):
                self._account.reused.append(key)
                self._schedule.done(key)
                self._say(StepReused(key))
            else:
                self._schedule.put_back(step)
        was_idle, self._is_idle = self._is_idle, bool(self._elsewhere) and not self._running
        if self._is_idle and not was_idle:
            mine = f"process {os.getpid()} on {platform.node()}"
            others = [one for one in others_at_work(self._store.root) if one != mine]
            self._say(RunWaits(len(self._elsewhere), ", ".join(others)))

    def _settle(self, steps: list[Step], started: float, future: Future[None]) -> None:
        seconds = (time.monotonic() - started) / len(steps)
        fault = job_fault(future, self._runner.executor.name)
        for step in steps:
            self._take_in(step.key)
            self._claims.release(step.key)
            self._schedule.done(_labels_of(step.key))
        is_of_task = fault is not None and not isinstance(fault, ProcessLost)
        if is_of_task and self._heal(steps, isinstance(fault, StoreError)):
            return
        if isinstance(fault, StoreError):
            raise fault
        for step in steps:
            if self._store.is_done(step.key):  # also one of several, of which another failed
                self._account.ran.append(step.key)
                self._schedule.done(step.key)
                self._say(StepEnded(step.key, round(seconds, 3), self._host(step.key)))
                self._watcher.ended(step, None, seconds)
            else:
                self._failed(step, fault or ProcessLost("the worker left no result"), alone=len(steps) == 1)

    def _failed(self, step: Step, fault: WhetError, *, alone: bool) -> None:
        log = self._store.folder(step.key) / "log.txt"
        self._seen_running.discard(step.key)
        if isinstance(fault, ProcessLost):
            with suppress(OSError), log.open("a", encoding="utf-8") as file:  # where upstream's last words are
                file.write(f"{fault}\n")
        if not alone:  # one that cannot run is not to stop the others: each shows for itself what it can do
            self._alone.add(step.key)
            self._schedule.put_back(step)
            self._say(StepLost(step.key, str(fault), self._host(step.key)))
            return
        ends_with: WhetError | None = step_fault(fault, step)
        if isinstance(fault, ProcessLost):
            ends_with = self._attempts.lost(step, fault, log)
            self._say(StepLost(step.key, str(fault), self._host(step.key), again=ends_with is None))
        if ends_with is None:
            return
        self._account.failed[step.key] = ends_with
        self._store.note_fault(step.key, str(ends_with))
        self._say(StepFailed(step.key, str(ends_with), str(log)))
        self._watcher.ended(step, ends_with, 0.0)

    def _heal(self, steps: Sequence[Step], through_all: bool) -> bool:
        """Has what fed these steps done again where it is damaged; says whether that was so, and they are to wait.

        through_all: also what fed those, and so on, which some tasks read.
        """
        later = (step.key for step in self._attempts.waiting)
        to_come = {*self._schedule.waiting, *self._running, *self._elsewhere, *later}
        feeds = feeding(steps, self._planned, through_all=through_all)
        for key in feeds:
            if key in to_come or self._redone.get(key, 0) >= MOST_REDONE:  # in to_come: another step found it damaged
                continue
            if damage := self._store.damage(key, thoroughly=True):
                self._redo(key, damage)
                self._store.describe(self._planned[key])
                for account in (self._account.ran, self._account.reused):
                    with suppress(ValueError):
                        account.remove(key)
                self._schedule.put_back(self._planned[key], to_come.intersection(self._planned[key].feeds))
                to_come.add(key)
        again = to_come.intersection(feeds)
        for step in steps if again else ():
            self._schedule.put_back(step, again.intersection(feeding([step], self._planned, through_all=through_all)))
        return bool(again)

    def _host(self, key: str) -> str:
        """Where a step's last worker was; empty where none said so."""
        said = read_progress(self._store.folder(key))
        return "" if said is None else said.host


def _labels_of(key: str) -> str:
    """What a step waits for that wants labels which another step computes: not for the other's result."""
    return f"labels of {key}"
