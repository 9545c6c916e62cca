"""Environments: other interpreters, whose packages clash with the ones here; asked through a worker of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, Self

from whet.contracts.component import Component, Spec
from whet.contracts.fine_tune_settings import FineTuneSettings
from whet.data.errors import InputError, KeyProblem, OptionsError, StepFailed, WhetError, by_name, shortened
from whet.plugins.registry import registry

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
        return {"hook": self.hook, "name": self.spec.name, "options": dict(self.spec.options), "settings": settings}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The question that `as_json` described."""
        settings = data["settings"]
        given = None if settings is None else FineTuneSettings.checked(settings, of="the question")
        return cls(data["hook"], Spec(data["name"], data["options"]), given)

    def answer(self) -> Component | WhetError:
        """The component, or the fault in the spec, in this interpreter."""
        try:
            return registry().resolve(self.hook, self.spec, self.settings)
        except WhetError as error:
            return error


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
        job = {"resolve": [question.as_json() for question in asked]}
        with WorkerProcess(self, threads=1) as worker:
            patience = Timer(PATIENCE, worker.kill)
            patience.start()
            try:
                answers = worker.ask(job)
            except StepFailed as error:
                late = "" if patience.is_alive() else f" (no answer within {PATIENCE} s)"
                where = f"environment {self.name!r}: {self.python}"
                raise InputError(f"the interpreter gives no answer{late}: {error.what}", where=where) from error
            finally:
                patience.cancel()
        return [Component.from_json(a["component"]) if "component" in a else fault(a["fault"]) for a in answers]


class WorkerProcess:
    """A worker in an environment's interpreter, kept for many jobs: importing a potential's packages takes seconds."""

    def __init__(self, environment: Environment, *, threads: int) -> None:
        python = environment.python
        if not python.is_file():
            hint = f"Make it with `whet env create {environment.name} --plugin PLUGIN`, or mend `python:`"
            raise InputError(
                "there is no such interpreter", where=f"environment {environment.name!r}: {python}", hint=hint
            )
        count = str(threads)
        limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), count)
        self.environment = environment
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 -- closed with the worker
        self._process = subprocess.Popen(
            [python, "-m", "whet.worker", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            env={**os.environ, **limits},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def ask(self, job: Mapping[str, Any], progress: Callable[[int, int], None] = lambda done, total: None) -> Any:
        """The answer to a job. Raises the fault that it ended with, StepFailed where the worker itself died."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise self._died() from None
        for line in self._process.stdout:
            try:
                message: dict[str, Any] = dict(json.loads(line))
            except (ValueError, TypeError):  # it is no Python, or one that says something at its start
                self.kill()
                said = shortened(line.strip())
                raise StepFailed(f"the worker answers {said!r}", where=str(self.environment.python)) from None
            if "progress" in message:
                progress(*message["progress"])
            elif "fault" in message:
                raise fault(message["fault"])
            else:
                return message["done"]
        raise self._died()

    @property
    def alive(self) -> bool:
        """Whether it can take another job."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Ends the worker at once."""
        self._process.kill()

    def close(self) -> None:
        """Ends the worker; a job under way is cut off."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _died(self) -> WhetError:
        code = self._process.wait()
        self._errors.seek(0)
        last = ([line for line in self._errors.read().splitlines() if line.strip()] or [""])[-1]
        where = f"environment {self.environment.name!r}" if self.environment.name else "worker"
        if "No module named" in last and "whet" in last:
            return InputError(
                "Whet is not installed in this interpreter",
                where=f"{where}: {self.environment.python}",
                hint=f"{self.environment.python} -m pip install whet, and the plugin",
            )
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        hint = "Out of memory? Fewer workers need less" if code == -9 else ""
        return StepFailed(f"the worker {how}{': ' + last if last else ''}", where=where, hint=hint)


def fault(data: Mapping[str, Any]) -> WhetError:
    """The error that a worker described."""
    kind = by_name(data["kind"])
    if issubclass(kind, OptionsError):
        problems = [KeyProblem(tuple(path), what) for path, what in data.get("problems", ())]
        made: WhetError = OptionsError("", problems=problems, where=data["where"], hint=data["hint"])
        made.what, made.args = data["what"], (data["what"],)
        return made
    return kind(data["what"], where=data["where"], hint=data["hint"])
