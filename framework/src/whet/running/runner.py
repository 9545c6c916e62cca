"""Runner: works through the steps of a plan, side by side where they do not wait for each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Protocol

from whet.data.errors import StepFailed, StoreError, WhetError
from whet.running.environments import Environment, WorkerProcess
from whet.running.step import Step
from whet.running.store import Store
from whet.running.work import run_step


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
    environments: other interpreters, by the name that steps know them by.
    """

    store: Store
    workers: int = 1
    threads: int = 1
    device: str = "cpu"
    environments: Mapping[str, Environment] = field(default_factory=dict)

    def run(self, steps: Iterable[Step], watcher: Watcher | None = None) -> Account:
        """Runs every step that has no result yet, in an order in which each finds what feeds it.

        A step that fails stops only those that need it. What was finished stays finished, whatever happens.
        """
        watcher, started, account = watcher or Silent(), time.monotonic(), Account()
        waiting: dict[str, Step] = {}
        for step in steps:
            if self.store.is_done(step.key):
                account.reused.append(step.key)
            else:
                waiting[step.key] = step
        if not waiting:
            return account
        self.store.prepare()
        for step in waiting.values():
            self.store.describe(step)
        with _Crew(self) as crew, ThreadPoolExecutor(max(self.workers, 1)) as pool:
            running: dict[Future[float], Step] = {}
            try:
                while waiting or running:
                    for step in self._ready(waiting, running.values(), account):
                        del waiting[step.key]
                        running[pool.submit(crew.do, step, watcher)] = step
                    if not running:
                        break
                    finished, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in finished:
                        self._settle(running.pop(future), future, account, watcher)
            except BaseException:
                crew.stop()
                raise
        account.not_run = list(waiting)
        account.seconds = time.monotonic() - started
        return account

    def _ready(self, waiting: Mapping[str, Step], running: Iterable[Step], account: Account) -> list[Step]:
        """As many steps as there is room for, first come first served, whose inputs are all there."""
        busy = {step.key for step in running}
        room = max(self.workers, 1) - len(busy)
        blocked = {*waiting, *busy, *account.failed}
        return [step for step in waiting.values() if not blocked.intersection(step.feeds)][: max(room, 0)]

    def _settle(self, step: Step, future: Future[float], account: Account, watcher: Watcher) -> None:
        try:
            seconds = future.result()
        except StoreError:
            # The store itself is at fault (a full disk): going on would only repeat it.
            raise
        except WhetError as error:
            account.failed[step.key] = error
            watcher.ended(step, error, 0.0)
        else:
            account.ran.append(step.key)
            watcher.ended(step, None, seconds)


class _Crew:
    """The workers, made when first needed and kept; each does one step at a time."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._free: dict[str, SimpleQueue[WorkerProcess]] = {}
        self._all = ExitStack()

    def __enter__(self) -> _Crew:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends every worker, whatever it is doing."""
        self._all.close()

    def do(self, step: Step, watcher: Watcher) -> float:
        """Runs the step where its plugins are; gives the seconds that it took."""
        started = time.monotonic()
        watcher.began(step)
        store, device = self._runner.store, self._runner.device
        if not step.environment and self._runner.workers == 0:
            run_step(store, step.key, device=device, progress=_for(step, watcher))
        else:
            job = {"run": str(store.folder(step.key)), "device": device}
            free = self._free.setdefault(step.environment, SimpleQueue())
            worker = self._hire(step.environment) if free.empty() else free.get()
            try:
                worker.ask(job, _for(step, watcher))
            except StepFailed as error:
                if not worker.alive:
                    error.hint = error.hint or f"Its log: {store.folder(step.key) / 'log.txt'}"
                    error.at(step.title or step.key)
                raise
            finally:
                if worker.alive:
                    free.put(worker)
        return time.monotonic() - started

    def _hire(self, name: str) -> WorkerProcess:
        environment = self._runner.environments[name] if name else Environment()
        return self._all.enter_context(WorkerProcess(environment, threads=self._runner.threads))


def _for(step: Step, watcher: Watcher) -> Callable[[int, int], None]:
    return lambda done, total: watcher.progress(step, done, total)
