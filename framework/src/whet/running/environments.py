"""Environments: other interpreters, whose packages clash with the ones here; asked through a worker of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, Self

from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.component import Component, Spec
from whet.contracts.fine_tune_settings import FineTuneSettings
from whet.data.errors import InputError, ProcessLost, StepFailed, WhetError
from whet.data.identity import key_of
from whet.plugins.registry import registry
from whet.programs.worker_process import WorkerProcess, fault

PATIENCE = 120
"""Seconds that another interpreter has to import its plugins and answer; a network disk takes its time."""


@dataclass(frozen=True)
class Question:
    """What does this spec mean? settings: what a fine-tuner will be asked for."""

    hook: str
    spec: Spec
    settings: FineTuneSettings | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain data; `Question.from_json` reads it back."""
        settings = None if self.settings is None else self.settings.as_json()
        spec = {"name": self.spec.name, "options": dict(self.spec.options), "folder": str(self.spec.folder.absolute())}
        return {"hook": self.hook, **spec, "settings": settings}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The question that `as_json` described."""
        settings = data["settings"]
        given = None if settings is None else FineTuneSettings.checked(settings, of="the question")
        return cls(data["hook"], Spec(data["name"], data["options"], Path(data["folder"])), given)

    def answer(self) -> Component | WhetError:
        """The component, or the fault in the spec, in this interpreter."""
        try:
            return registry().resolve(self.hook, self.spec, self.settings)
        except WhetError as error:
            return error


@dataclass(frozen=True)
class Wish:
    """What an analysis wants of a study. place: where its section stands in a report.

    tasks: the tasks of the steps that feed its own, with their options checked; `task_of` finds them.
    """

    wanted: Sequence[Wanted]
    place: int
    tasks: Mapping[str, Component]

    @classmethod
    def of(cls, analysis: Component, study: StudyPieces) -> Self:
        """The answer of the plugin in this interpreter. Raises what the analysis does, and `Registry.resolve`."""
        here = registry()
        found: Analysis = here.load(analysis)
        wanted = tuple(found.wants(study))
        feeding = {_named(one): one for outer in wanted for one in _feeding(outer)}
        tasks = {key: here.resolve("tasks", Spec(one.task, one.options)) for key, one in feeding.items()}
        return cls(wanted, found.place, tasks)

    def task_of(self, feeding: Wanted) -> Component:
        """The task of a step that feeds a wanted one."""
        return self.tasks[_named(feeding)]

    def as_json(self) -> dict[str, Any]:
        """Plain data; `Wish.from_json` reads it back."""
        tasks = {key: task.as_json() for key, task in self.tasks.items()}
        return {"wanted": [one.as_json() for one in self.wanted], "place": self.place, "tasks": tasks}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `as_json` described."""
        tasks = {key: Component.from_json(task) for key, task in data["tasks"].items()}
        return cls(tuple(map(Wanted.from_json, data["wanted"])), data["place"], tasks)


def _feeding(wanted: Wanted) -> Iterator[Wanted]:
    """The steps that feed it and are wanted for it, at any depth."""
    for one in (one for feeds in wanted.inputs.values() for one in feeds):
        if isinstance(one, Wanted):
            yield one
            yield from _feeding(one)


def _named(wanted: Wanted) -> str:
    return key_of([wanted.task, dict(wanted.options)])


@dataclass(frozen=True)
class Environment:
    """An interpreter with Whet and some plugins in it. name "" is this one."""

    name: str = ""
    python: Path = Path(sys.executable)

    def resolve(self, asked: Sequence[Question]) -> list[Component | WhetError]:
        """What each question means where the plugin is installed: a component, or the fault in it.

        Nothing heavy is loaded. Raises InputError where the interpreter cannot answer at all.
        """
        if not self.name:
            return [question.answer() for question in asked]
        answers = self._asked({"resolve": [question.as_json() for question in asked]})
        return [Component.from_json(a["component"]) if "component" in a else fault(a["fault"]) for a in answers]

    def wish(self, analysis: Component, study: StudyPieces) -> Wish:
        """What an analysis wants, asked where its plugin is installed. Raises what that raises, and InputError."""
        if not self.name:
            return Wish.of(analysis, study)
        return Wish.from_json(self._asked({"wish": analysis.as_json(), "study": study.as_json()}))

    def _asked(self, job: Mapping[str, Any]) -> Any:
        with self.worker() as worker:
            patience = Timer(PATIENCE, worker.kill)
            patience.start()
            try:
                return worker.ask(job)
            except (ProcessLost, StepFailed) as error:
                late = "" if patience.is_alive() else f" (no answer within {PATIENCE} s)"
                where = f"environment {self.name!r}: {self.python}"
                raise InputError(f"the interpreter gives no answer{late}: {error.what}", where=where) from error
            finally:
                patience.cancel()

    def worker(self) -> WorkerProcess:
        """A worker in this interpreter. Raises InputError where there is none, or no Whet in it."""
        return WorkerProcess(self.python, environment=self.name)
