"""Runner: works through the steps of a plan, side by side where they do not wait for each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, Protocol

from whet.contracts.task import Task
from whet.data.errors import ProcessLost, StoreError, WhetError
from whet.plugins.registry import registry
from whet.running.environments import Environment
from whet.running.step import Step
from whet.running.store import Store
from whet.running.work import run_together
from whet.running.worker_process import WorkerProcess

Ended = WhetError | float
"""How a step ended: a fault, or the seconds that it took."""


class Watcher(Protocol):
    """Who is told how a run goes on (a progress bar, a log)."""

    def began(self, step: Step) -> None: ...
    def progress(self, step: Step, done: int, total: int) -> None: ...
    def ended(self, step: Step, fault: WhetError | None, seconds: float) -> None: ...


class Silent:
    """A watcher that says nothing."""

    def began(self, step: Step) -> None:
        """Says nothing."""

    def progress(self, step: Step, done: int, total: int) -> None:
        """Says nothing."""

    def ended(self, step: Step, fault: WhetError | None, seconds: float) -> None:
        """Says nothing."""


class Planner(Protocol):
    """What the runner asks for steps: at the beginning, when nothing is left to do, and after what it asks after."""

    def plan(self, so_far: Account) -> Iterable[Step]:
        """Every step that there is to do, as far as that is known by now; those that were given before may be gone."""
        ...

    def asks_after(self, key: str) -> bool:
        """Whether the result of this step may bring new steps."""
        ...


@dataclass
class Account:
    """How a run went: keys of the steps that ran now, were there before, failed, and were not run because of these."""

    ran: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    failed: dict[str, WhetError] = field(default_factory=dict)
    not_run: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Runner:
    """workers: processes side by side; 0 runs every step of this environment in this process.

    threads: of each worker's numerical libraries. device: where potentials live (`cpu`, `cuda`, `cuda:1`).
    environments: other interpreters, by the name that steps know them by. together: whether steps whose task can run
    many at once do so; otherwise they run side by side in the workers. batch: frames that a potential may be asked for
    at once.
    """

    store: Store
    workers: int = 1
    threads: int = 1
    device: str = "cpu"
    environments: Mapping[str, Environment] = field(default_factory=dict)
    together: bool = False
    batch: int = 1

    def run(self, planner: Planner, watcher: Watcher | None = None) -> Account:
        """Runs every step that has no result yet, in an order in which each finds what feeds it.

        A step that fails stops only those that need it. What was finished stays finished, whatever happens.
        """
        watcher, started, account = watcher or Silent(), time.monotonic(), Account()
        waiting: dict[str, Step] = {}
        self._take(planner, waiting, account)
        with _Workers(self) as workers, ThreadPoolExecutor(max(self.workers, 1)) as pool:
            running: dict[Future[list[Ended]], list[Step]] = {}
            try:
                while True:
                    for steps in self._ready(waiting, running.values(), account):
                        for step in steps:
                            del waiting[step.key]
                        running[pool.submit(workers.do, steps, watcher)] = steps
                    if not running:
                        if not self._take(planner, waiting, account):
                            break
                        continue
                    finished, _ = wait(running, return_when=FIRST_COMPLETED)
                    ended = [each for done in finished for each in zip(running.pop(done), done.result(), strict=True)]
                    for step, how in ended:
                        self._settle(step, how, account, watcher)
                    if any(planner.asks_after(step.key) for step, _ in ended):
                        self._take(planner, waiting, account, running.values())
            except BaseException:
                workers.stop()
                raise
        account.not_run = list(waiting)
        account.seconds = time.monotonic() - started
        return account

    def _take(
        self, planner: Planner, waiting: dict[str, Step], account: Account, running: Iterable[list[Step]] = ()
    ) -> bool:
        """Puts what the planner has now in the place of what waits; says whether there are steps that are new."""
        known = {*account.ran, *account.reused, *account.failed, *(step.key for steps in running for step in steps)}
        found = {step.key: step for step in planner.plan(account)}
        new = [step for key, step in found.items() if key not in known and key not in waiting]
        for key in waiting.keys() - found.keys():
            del waiting[key]
        done = [step.key for step in new if self.store.is_done(step.key)]
        account.reused += done
        to_do = {step.key: step for step in new if step.key not in done}
        if to_do:
            self.store.prepare()
        for step in new:  # recipes of finished steps, too, are read by those that these feed
            self.store.describe(step)
        waiting.update(to_do)
        return bool(new)

    def _ready(
        self, waiting: Mapping[str, Step], running: Collection[list[Step]], account: Account
    ) -> list[list[Step]]:
        """As many jobs as there is room for, first come first served, whose inputs are all there."""
        busy = {step.key for steps in running for step in steps}
        blocked = {*waiting, *busy, *account.failed}
        jobs: dict[str, list[Step]] = {}
        others: dict[str, list[Step]] = {}
        for step in waiting.values():
            name = _batch(step) if self.together else step.key
            (others if blocked.intersection(step.feeds) else jobs).setdefault(name, []).append(step)
        soon = busy.union(*({step.key for step in steps} for name, steps in jobs.items() if name == steps[0].key))

        def is_to_grow(name: str) -> bool:
            """Whether a batch gets more members once what is running or ready, and is no batch itself, is done."""
            return any(soon.issuperset(blocked.intersection(step.feeds)) for step in others.get(name, ()))

        room = max(self.workers, 1) - len(running)
        return [steps for name, steps in jobs.items() if not is_to_grow(name)][: max(room, 0)]

    def _settle(self, step: Step, ended: Ended, account: Account, watcher: Watcher) -> None:
        if isinstance(ended, WhetError):
            account.failed[step.key] = ended
            self.store.note_fault(step.key, str(ended))
            watcher.ended(step, ended, 0.0)
        else:
            account.ran.append(step.key)
            watcher.ended(step, None, ended)


class _Workers:
    """The workers, made when first needed and kept; each does one step at a time."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._free: dict[str, SimpleQueue[WorkerProcess]] = {}
        self._all: list[WorkerProcess] = []
        self._is_over = False
        self._starting = Lock()

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends every worker, whatever it is doing; none is started any more."""
        with self._starting:
            self._is_over = True
        for worker in self._all:
            worker.dismiss()  # all of them, before any is waited for
        while self._all:
            self._all.pop().close()

    def do(self, steps: Sequence[Step], watcher: Watcher) -> list[Ended]:
        """Runs steps where their plugins are, all at once where there are several; each one's seconds or fault.

        Raises StoreError: the store itself is at fault (a full disk), and going on would only repeat it.
        """
        for step in steps:
            watcher.began(step)
        return self._tried(steps, watcher)

    def _tried(self, steps: Sequence[Step], watcher: Watcher) -> list[Ended]:
        started = time.monotonic()
        try:
            self._do(steps, watcher)
        except StoreError:
            raise
        except WhetError as error:
            # One that cannot run is not to stop the others: each shows for itself what it can do.
            return [error] if len(steps) == 1 else [self._tried([step], watcher)[0] for step in steps]
        return [(time.monotonic() - started) / len(steps)] * len(steps)

    def _do(self, steps: Sequence[Step], watcher: Watcher) -> None:
        store, environment = self._runner.store, steps[0].environment
        how = {"device": self._runner.device, "batch": self._runner.batch}
        if not environment and self._runner.workers == 0:
            run_together(store, [step.key for step in steps], **how, progress=_for(steps, watcher))
            return
        job = {"run": [str(store.folder(step.key)) for step in steps], **how}
        try:
            self._ask(self._worker(environment), job, steps, watcher)
        except ProcessLost as lost:
            # The step has done nothing wrong that is known of; but what kills two workers would kill a third.
            self._note(steps, lost)
            if len(steps) > 1 or self._is_over:
                raise
            try:
                self._ask(self._started(environment), job, steps, watcher)
            except ProcessLost as again:
                self._note(steps, again)
                again.what = f"{again.what}; the first one that tried it: {lost.what}"
                again.hint = f"{again.hint}. " * bool(again.hint) + f"The step's log: {self._log(steps)}"
                raise again.at(steps[0].title or steps[0].key) from None

    def _ask(self, worker: WorkerProcess, job: Mapping[str, Any], steps: Sequence[Step], watcher: Watcher) -> None:
        try:
            worker.ask(job, _for(steps, watcher))
        finally:
            if worker.alive:
                self._free[steps[0].environment].put(worker)
            else:
                worker.close()

    def _worker(self, environment: str) -> WorkerProcess:
        """One that is free, or else a new one."""
        free = self._free.setdefault(environment, SimpleQueue())
        while True:
            try:
                worker = free.get_nowait()
            except Empty:
                return self._started(environment)
            if worker.alive:
                return worker

    def _started(self, name: str) -> WorkerProcess:
        environment = self._runner.environments[name] if name else Environment()
        with self._starting:
            if self._is_over:
                raise ProcessLost("the run is being stopped")
            worker = environment.worker(threads=self._runner.threads)
            self._all.append(worker)
        return worker

    def _log(self, steps: Sequence[Step]) -> Path:
        return self._runner.store.folder(steps[0].key) / "log.txt"

    def _note(self, steps: Sequence[Step], lost: ProcessLost) -> None:
        """Says so in the step's log, where upstream's last words are."""
        with suppress(OSError), self._log(steps).open("a", encoding="utf-8") as file:
            file.write(f"{lost}\n")


def _batch(step: Step) -> str:
    """The same for steps that gain from being one batch, as their task says where it is installed here."""
    try:
        task: type[Task] = registry().find(step.task.hook, step.task.name)
    except WhetError:
        return step.key
    key = task.batch_key(step.components, step.inputs)
    return step.key if key is None else f"{step.environment} {step.kind} {key}"


def _for(steps: Sequence[Step], watcher: Watcher) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        for step in steps:
            watcher.progress(step, done // len(steps), total // len(steps))

    return progress
