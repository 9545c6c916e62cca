"""Runner: works through the steps of a plan, side by side where they do not wait for each other."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Protocol

from whet.contracts.task import Task
from whet.data.errors import WhetError
from whet.plugins.registry import registry
from whet.running.environments import Environment
from whet.running.step import Step
from whet.running.store import Store
from whet.running.worker_pool import Ended, Watcher, WorkerPool


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
        with self._pool() as workers, ThreadPoolExecutor(max(self.workers, 1)) as pool:
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

    def _pool(self) -> WorkerPool:
        how = {"device": self.device, "batch": self.batch}
        alone = self.workers == 0
        return WorkerPool(self.store, self.environments, in_process=alone, threads=self.threads, how=how)

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


def _batch(step: Step) -> str:
    """The same for steps that gain from being one batch, as their task says where it is installed here."""
    try:
        task: type[Task] = registry().find(step.task.hook, step.task.name)
    except WhetError:
        return step.key
    key = task.batch_key(step.components, step.inputs)
    return step.key if key is None else f"{step.environment} {step.kind} {key}"
