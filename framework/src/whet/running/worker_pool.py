"""WorkerPool: the workers of a run, each kept for many steps. A step whose worker was lost is tried once more."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, Protocol, Self

from whet.data.errors import ProcessLost, StoreError, WhetError
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


class WorkerPool:
    """The workers, made when first needed and kept; each does one step at a time.

    in_process: whether steps of this environment run in this process. how: device and batch, which each job is told.
    threads: of each worker's numerical libraries. environments: other interpreters, by name.
    """

    def __init__(
        self,
        store: Store,
        environments: Mapping[str, Environment],
        *,
        in_process: bool,
        threads: int,
        how: Mapping[str, Any],
    ) -> None:
        self._store, self._environments = store, environments
        self._in_process, self._threads, self._how = in_process, threads, dict(how)
        self._free: dict[str, SimpleQueue[WorkerProcess]] = {}
        self._all: list[WorkerProcess] = []
        self._is_over = False
        self._starting = Lock()

    def __enter__(self) -> Self:
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
        environment = steps[0].environment
        if not environment and self._in_process:
            run_together(self._store, [step.key for step in steps], **self._how, progress=_for(steps, watcher))
            return
        job = {"run": [str(self._store.folder(step.key)) for step in steps], **self._how}
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
        environment = self._environments[name] if name else Environment()
        with self._starting:
            if self._is_over:
                raise ProcessLost("the run is being stopped")
            worker = environment.worker(threads=self._threads)
            self._all.append(worker)
        return worker

    def _log(self, steps: Sequence[Step]) -> Path:
        return self._store.folder(steps[0].key) / "log.txt"

    def _note(self, steps: Sequence[Step], lost: ProcessLost) -> None:
        """Says so in the step's log, where upstream's last words are."""
        with suppress(OSError), self._log(steps).open("a", encoding="utf-8") as file:
            file.write(f"{lost}\n")


def _for(steps: Sequence[Step], watcher: Watcher) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        for step in steps:
            watcher.progress(step, done // len(steps), total // len(steps))

    return progress
