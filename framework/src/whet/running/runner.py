"""Runner: works through the steps of a plan, side by side where they do not wait for each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from whet.contracts.executor import Executor
from whet.contracts.resources import Resources
from whet.data.errors import WhetError
from whet.running.attempts import Retries
from whet.running.environments import Environment
from whet.running.in_process import InProcess
from whet.running.step import Step
from whet.running.store import Store
from whet.running.watcher import Silent, Watcher


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
    """How a run went: keys of the steps that ran now, were there before, failed, and were not run because of these.

    bought: step -> how many of its labels went into the label store. damaged: of results that were there and could not
    be used, so that the step ran anew; with what was wrong.
    """

    ran: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    failed: dict[str, WhetError] = field(default_factory=dict)
    not_run: list[str] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)
    bought: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def labels(self) -> int:
        """How many went into the label store: what was bought, also by steps that failed or were ended."""
        return sum(self.bought.values())


def _nothing_special(step: Step) -> Resources:
    return Resources(cores=1, gpus=0)


@dataclass(frozen=True)
class Runner:
    """executor: takes steps to where they run; by default, into this process. workers: most jobs side by side.

    device: where potentials live (`cpu`, `cuda`, `cuda:1`). environments: other interpreters, by the name that steps
    know them by. resources: what a step needs, with nothing open but memory and walltime. together: whether steps whose
    task can run many at once do so; otherwise they run side by side. batch: frames that a potential may be asked for at
    once. retries: of lost steps.
    """

    store: Store
    executor: Executor = field(default_factory=InProcess)
    workers: int | None = None
    device: str = "cpu"
    environments: Mapping[str, Environment] = field(default_factory=dict)
    resources: Callable[[Step], Resources] = _nothing_special
    together: bool = False
    batch: int = 1
    retries: Retries = field(default_factory=Retries)

    def run(self, planner: Planner, watcher: Watcher | None = None) -> Account:
        """Runs every step that has no result yet, in an order in which each finds what feeds it.

        A step that fails stops only those that need it. What was finished stays finished, whatever happens. Raises
        StoreError where the store itself is at fault (a full disk), as going on would only repeat it.
        Ctrl-C, and whatever else ends it, leaves nothing that runs, and has a note (`add_note`) on what is kept.
        """
        from whet.running.run import Run

        started = time.monotonic()
        account = Run(self, planner, watcher or Silent())()
        account.seconds = time.monotonic() - started
        return account
