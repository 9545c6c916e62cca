"""WorkerProcess: a worker and the line to it, kept for many jobs: importing a potential's packages takes seconds."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE
from typing import Any, Self

from whet.contracts.executor import THREADS, WORKER
from whet.data.errors import InputError, KeyProblem, OptionsError, ProcessLost, WhetError, by_name
from whet.programs.program import Program

PATIENCE = 3.0
"""Seconds that a worker has to see that it is not needed any more; one deep in a long computation does not."""


class WorkerProcess:
    """A worker of an interpreter, which ends with this process.

    environment: the interpreter's name in the study; "" for the driver's own. threads: of the numerical libraries.
    Raises InputError where there is no such interpreter.
    """

    def __init__(self, python: Path, *, environment: str = "", threads: int = 1) -> None:
        self._python = python
        self._where = f"environment {environment!r}: {python}" if environment else "worker"
        if not python.is_file():
            hint = f"Make it with `whet env create {environment} --plugin PLUGIN`, or mend `python:`"
            raise InputError("there is no such interpreter", where=self._where, hint=hint)
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 -- closed with the worker
        try:
            self._program = Program(
                [python, *WORKER, "-"],
                Path.cwd(),
                environment=dict.fromkeys(THREADS, str(threads)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=self._errors,
            )
        except BaseException:
            self._errors.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def ask(self, job: Mapping[str, Any]) -> Any:
        """The answer to a job (see `whet.worker`).

        Raises the fault that it ended with, ProcessLost where the worker gave no answer, InputError where there is no
        Whet in its interpreter.
        """
        assert self._program.stdin is not None
        try:
            self._program.stdin.write(json.dumps(job) + "\n")
            self._program.stdin.flush()
        except (OSError, ValueError):  # it died, or was dismissed
            raise self._died() from None
        return self._answer()

    @property
    def alive(self) -> bool:
        """Whether it can take another job."""
        return self._program.code is None

    def kill(self) -> None:
        """Has the worker ended at once; does not wait for it."""
        self._program.ask(0)

    def dismiss(self) -> None:
        """Tells the worker that it is not needed any more; does not wait for it. A job under way is cut off."""
        if self._program.stdin is not None:
            with suppress(OSError):
                self._program.stdin.close()

    def close(self) -> None:
        """Ends the worker, and with it what it started."""
        self.dismiss()
        with suppress(TimeoutError):
            self._program.wait(PATIENCE)
        self._program.end()
        self._errors.close()

    def _answer(self) -> Any:
        """What the worker says. Raises ProcessLost where it says nothing, or nonsense: then it is ended."""
        assert self._program.stdout is not None
        try:
            line = self._program.stdout.readline()
        except ValueError as error:  # its line is closed, or what came over it is no text
            line = f"{error}\n"
        if not line.endswith("\n"):
            raise self._died()
        try:
            return answered(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, WhetError):
                raise
            self._program.end(0)
            raise ProcessLost(
                f"the worker's answer makes no sense ({line.strip()[:80]!r})", where=self._where
            ) from None

    def _died(self) -> WhetError:
        """Why there is no answer."""
        with suppress(TimeoutError):
            self._program.wait(PATIENCE)
        self._program.end()
        code, last = self._program.code, self._last_words()
        if "No module named" in last and "whet" in last:
            hint = f"{self._python} -m pip install whet, and the plugin"
            return InputError("Whet is not installed in this interpreter", where=self._where, hint=hint)
        how = (
            "does not end"
            if code is None
            else f"was ended by signal {-code}"
            if code < 0
            else f"ended with exit code {code}"
        )
        hint = "Out of memory? Fewer workers need less" if code == -signal.SIGKILL else ""
        return ProcessLost(f"the worker {how}{': ' + last if last else ''}", where=self._where, hint=hint)

    def _last_words(self) -> str:
        try:
            self._errors.seek(0)
            return ([line.strip() for line in self._errors if line.strip()] or [""])[-1]
        except ValueError:  # closed by whoever ended the worker
            return ""


def answered(message: Mapping[str, Any]) -> Any:
    """What a worker's answer says was done; raises the fault that it names, and KeyError, TypeError, … for nonsense."""
    if "fault" in message:
        raise fault(message["fault"])
    return message["done"]


def read_answer(path: Path) -> None:
    """Raises what a worker left in a file as its answer (see `Job.command`); ProcessLost where it left none."""
    try:
        answered(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, WhetError):
            raise
        raise ProcessLost("the worker ended without an answer", where=str(path)) from None


def described(error: WhetError) -> dict[str, Any]:
    """A fault as plain data, to be raised again on the other side."""
    fault: dict[str, Any] = {
        "kind": type(error).__name__,
        "what": error.what,
        "where": error.where,
        "hint": error.hint,
    }
    if isinstance(error, OptionsError):
        fault["problems"] = [[list(problem.path), problem.what] for problem in error.problems]
    return fault


def fault(data: Mapping[str, Any]) -> WhetError:
    """The error that a worker described."""
    kind = by_name(data["kind"])
    if issubclass(kind, OptionsError):
        problems = [KeyProblem(tuple(path), what) for path, what in data.get("problems", ())]
        made: WhetError = OptionsError("", problems=problems, where=data["where"], hint=data["hint"])
        made.what, made.args = data["what"], (data["what"],)
        return made
    return kind(data["what"], where=data["where"], hint=data["hint"])
