"""Study: the main job, from Python as from the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from whet.contracts.component import Backend, expanded
from whet.contracts.executor import Executor
from whet.contracts.potential import Potential
from whet.data.errors import InputError, StoreError, UnknownName
from whet.data.input_files import located
from whet.plugins.registry import registry
from whet.running.environments import Wish
from whet.running.in_process import InProcess
from whet.running.move_marks import refuse_moved
from whet.running.runner import Account, Runner
from whet.running.step import Step
from whet.running.store import Store
from whet.running.watcher import Watcher
from whet.study.faults import FaultList
from whet.study.invocation import Invocation
from whet.study.plan import Plan
from whet.study.plan_size import check_size
from whet.study.planner import plan
from whet.study.refused_files import refused_files
from whet.study.resolved import Resolved, resolve
from whet.study.schema import StudyFile
from whet.study.step_resources import StepResources
from whet.study.stored_plan import StoredPlan
from whet.study.stored_study import StoredStudy
from whet.study.study_file import Source, read_study


@dataclass
class Study:
    """A study that was read and checked, with its plan and its store. Nothing has run yet.

    >>> study = whet.Study.load("examples/quickstart/study.yaml")
    >>> study.run()
    >>> study.stored.scores[0]["softening"]["scale"]
    >>> whet.write_report(whet.record_of(study.stored), "report")

    loaded: key of a component -> the backend that is alive in this process: all steps then run here.
    """

    file: StudyFile
    source: Source
    resolved: Resolved
    store: Store
    plan: Plan = field(init=False)
    loaded: Mapping[str, Backend] = field(default_factory=dict, repr=False)
    _wishes: dict[str, Wish] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.plan = self._planned(())

    @classmethod
    def load(cls, path: str | Path, overrides: Iterable[str] = ()) -> Self:
        """Reads and checks a study file; overrides are `KEY.KEY=VALUE`.

        Raises WhetError, naming file, line and key, where anything is wrong; SeveralFaults, with all of them, where
        several things are. Imports no potential's packages.
        """
        faults = FaultList()
        file, source = read_study(Path(path), overrides, faults)
        resolved = resolve(file, source, faults)
        check_size(file, resolved, source)
        return cls(file, source, resolved, store_of(file, source))

    @staticmethod
    def open(store: str | Path, name: str = "") -> StoredStudy:
        """What a store has of a study that was run: see `StoredStudy.open`."""
        return StoredStudy.open(store, name)

    @property
    def stored(self) -> StoredStudy:
        """What is in the store of this study, read afresh."""
        return StoredStudy(self.store, self._stored_plan)

    @property
    def _stored_plan(self) -> StoredPlan:
        return StoredPlan.of(self.file, self.resolved, self.plan, Invocation.of(self.source))

    def potential(self, state: str = "", *, device: str = "cpu") -> Potential:
        """A fine-tuned potential of the study: see `StoredStudy.potential`."""
        return self.stored.potential(state, device=device)

    def run(self, watcher: Watcher | None = None, *, workers: int | None = None) -> Account:
        """Runs what has not run yet; the same call resumes. workers: steps side by side, 0 for this process.

        Raises, before the first step, UntrustedFile where one would load a file that runs code and that nobody vouches
        for, and InputError where the device is not there; StoreError where the store cannot be written.
        """
        return self._run(self.plan, watcher, workers)

    def analyze(self, name: str, watcher: Watcher | None = None, *, workers: int | None = None) -> Account:
        """Runs one analysis over what is there, and no other step.

        UnknownName where there is none of that name, InputError where the study does not ask for it.
        """
        if name not in (known := [one.name for one in self.plan.analyses]):
            where = self.source.place(("analyses",))
            if registry().knows("analyses", name) or name in self.file.probes:
                hint = "See `properties`" if name in self.file.probes else "Add it there"
                raise InputError(f"{name} is no analysis that the study asks for", where=where, hint=hint)
            raise UnknownName.among("analysis", name, known, where=where)
        there = self._planned(key for key, step in self.plan.steps.items() if not self._is_there_or_analysis(key, step))
        wanted = {key for one in there.analyses if one.name == name for key in one.steps}
        for key in [*there.steps][::-1]:  # and what it reads, down to what is there already
            wanted |= set(there.steps[key].feeds) if key in wanted and not self.store.is_done(key) else set()
        self.plan = there
        steps = {key: step for key, step in there.steps.items() if key in wanted}
        return self._run(Plan(steps), watcher, workers, extends=False)

    def _is_there_or_analysis(self, key: str, step: Step) -> bool:
        return step.task.hook == "analyses" or self.store.is_done(key)

    def _run(self, first: Plan, watcher: Watcher | None, workers: int | None, *, extends: bool = True) -> Account:
        todo = [step for key, step in first.steps.items() if not self.store.is_done(key)]
        for error in refused_files(component for step in todo for component in step.components.values()):
            raise error
        running, workers = self.file.running, 0 if self.loaded else workers
        executor: Executor = InProcess(self.loaded) if workers == 0 else registry().load(self.resolved.executor)
        if executor.stays_here and running.device != "cpu":
            _refuse_absent(todo, running.device)
        runner = Runner(
            self.store,
            executor,
            running.workers if workers is None else workers,
            running.device,
            self.resolved.environments,
            StepResources(running, self.resolved, lambda: self.plan.steps),
            running.device != "cpu" if running.together is None else running.together,
            running.batch,
            running,
        )
        self._keep_plan()
        return runner.run(_Extending(self, first) if extends else _Fixed(first), watcher)

    def _keep_plan(self) -> None:
        """Writes the plan into the store, for all that only read."""
        stored = self._stored_plan
        if not stored.is_in(self.store.root):
            self.store.prepare()
            stored.write(self.store.root)

    def replanned(self, failed: Iterable[str]) -> Plan:
        """The plan where these steps have no result and get none. It is the study's from then on."""
        self.plan = self._planned(failed)
        self._keep_plan()
        return self.plan

    def _planned(self, failed: Iterable[str]) -> Plan:
        return plan(self.file, self.resolved, self.source, frozenset(failed), self._wishes)


def _refuse_absent(todo: Iterable[Step], device: str) -> None:
    """InputError where a step of this interpreter would compute with torch on a device that is not there."""
    here = (component for step in todo if not step.environment for component in step.components.values())
    for component in {component.key: component for component in here}.values():
        registry().refuse_absent(component, device)


def store_of(file: StudyFile, source: Source) -> Store:
    """The store that a study file names. With its line: InputError where that can be none, StoreError where it went."""
    store = named_store(file, source)
    try:
        refuse_moved(store.root)
    except StoreError as error:
        raise error.at(source.place(("store",))) from None
    return store


def named_store(file: StudyFile, source: Source) -> Store:
    """As `store_of`, also where the store went elsewhere since. InputError."""
    try:
        return Store(located(expanded(file.store), source.folder))
    except InputError as error:
        raise source.placed(error, ("store",)) from None


@dataclass
class _Fixed:
    """Steps that are known from the beginning."""

    known: Plan

    def plan(self, so_far: Account) -> Iterable[Step]:
        return self.known.steps.values()

    def asks_after(self, key: str) -> bool:
        return False


@dataclass
class _Extending:
    """A study's plan, made anew when steps failed: analyses then do without them."""

    study: Study
    known: Plan
    failed: frozenset[str] = frozenset()

    def plan(self, so_far: Account) -> Iterable[Step]:
        failed = frozenset(so_far.failed)
        if failed != self.failed:
            self.failed = failed
            self.known = self.study.replanned(failed)
        return self.known.steps.values()

    def asks_after(self, key: str) -> bool:
        return False
