"""CodeLabeler: a labeler that runs a program, in a folder of its own for each frame."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from whet.contracts.labeling import Labeler
from whet.contracts.options import Options
from whet.data.durable import read_json, write_json
from whet.data.errors import FrameError, MissingPackage
from whet.data.frame_identity import frame_key
from whet.data.labels import Failure, Labels

if TYPE_CHECKING:
    from ase import Atoms

GRACE = 20.0
"""Seconds that a program has to end itself before it is killed."""

ENDED = "ended.json"
"""Written when the program has ended: from then on its output is read and it is not run again."""

OUTPUT = "output.txt"
"""What the program printed."""


class CodeOptions(Options):
    """How a program is run. None of this moves a label."""

    not_identity: ClassVar[frozenset[str]] = frozenset({"command", "processes", "threads", "timeout", "keep"})

    command: str = ""
    """The program as a shell would be told to run it (`mpirun -n 8 cp2k.psmp`); by default the code's usual name."""
    processes: int = Field(default=1, ge=1)
    """Calculations side by side."""
    threads: int = Field(default=1, ge=1)
    """OMP_NUM_THREADS of each."""
    timeout: float | None = Field(default=None, gt=0)
    """s; a calculation that takes longer is ended, and its frame fails."""
    keep: Literal["all", "failed", "nothing"] = "failed"
    """Whose folders stay once the label is stored; that of a finished calculation without a label always does."""


class CodeLabeler(Labeler):
    """Runs a program for each frame. An author writes `prepare`, `read` and `theory`, and states `program`.

    A calculation that came to its end is not run again, even where its output could not be read: the folder stays, and
    is read again the next time. One that was killed, crashed or ran out of time is run afresh.
    """

    Options: ClassVar[type[Options]] = CodeOptions
    program: ClassVar[Sequence[str]]
    """The command where the user gives none; `{python}` is this interpreter."""

    @abstractmethod
    def prepare(self, frame: Atoms, folder: Path) -> None:
        """Writes the program's input files. FrameError for a frame that it cannot have."""

    @abstractmethod
    def read(self, frame: Atoms, folder: Path) -> Labels | Failure:
        """The labels in the program's output; a Failure where it did not converge or did something else than asked."""

    def is_complete(self, folder: Path) -> bool:
        """Whether the output shows that the program came to its end, where nobody was left to see it end."""
        return False

    def can_do_better(self, folder: Path) -> bool:
        """Whether one that ended without a label is to be run afresh, because more iterations are allowed now."""
        return False

    def fault(self, folder: Path) -> str:
        """What the output says of why the program broke off; by default its last line."""
        return _last_line(folder / OUTPUT)

    def label(self, frames: Sequence[Atoms], folder: Path) -> Iterator[Labels | Failure]:
        """As the contract says; up to `processes` calculations run at a time, answers come in order.

        Raises MissingPackage where the program is not there.
        """
        running: deque[_Calculation] = deque()
        source = iter(frames)
        try:
            while True:
                while len(running) < self.options.processes and (frame := next(source, None)) is not None:
                    running.append(self._begun(frame, folder))
                if not running:
                    return
                ended = running.popleft()
                answer = self._finished(ended)
                yield answer
                # Only now: whoever asks for the next one has stored this one.
                if self._is_to_go(answer, ended):
                    ended.forget()
        finally:
            for calculation in running:
                calculation.ask()  # all of them, before any is waited for
            for calculation in running:
                calculation.kill()

    @property
    def argv(self) -> list[str]:
        """The command, as a list."""
        return self.found(shlex.split(self.options.command) or list(self.program))

    def found(self, argv: Sequence[str]) -> list[str]:
        """The command with `{python}` replaced. Raises MissingPackage where its program is not there."""
        first = sys.executable if argv[0] == "{python}" else argv[0]
        if shutil.which(first) is None:
            hint = "Install it, or give its `command:`"
            raise MissingPackage(f"labeler {self.name!r} cannot run {first!r}", hint=hint)
        return [first, *argv[1:]]

    def environment(self) -> Mapping[str, str]:
        """Environment variables of the program beside those of this process."""
        return {"OMP_NUM_THREADS": str(self.options.threads)}

    def _begun(self, frame: Atoms, folder: Path) -> _Calculation:
        place = folder / self.theory.of(frame.get_chemical_symbols()).fingerprint[:12] / frame_key(frame)
        calculation = _Calculation(frame, place, self.options.timeout)
        has_ended = calculation.has_ended or (place.is_dir() and self.is_complete(place))
        if has_ended and not self.can_do_better(place):
            return calculation
        argv = self.argv
        if place.exists():
            shutil.rmtree(place)
        place.mkdir(parents=True)
        try:
            self.prepare(frame, place)
        except FrameError as error:
            calculation.fault = str(error)
        else:
            calculation.start(argv, {**os.environ, **self.environment()})
        return calculation

    def _finished(self, calculation: _Calculation) -> Labels | Failure:
        answer = calculation.wait(self.fault)
        if answer is None:
            try:
                answer = self.read(calculation.frame, calculation.folder)
            except Exception as error:  # a parser's fault loses nothing: the output is there to be read again
                what = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
                answer = Failure(f"its output cannot be read ({what})", str(calculation.folder))
        return answer

    def _is_to_go(self, answer: Labels | Failure, calculation: _Calculation) -> bool:
        """Whether the folder is removed: never that of a finished calculation that gave no labels."""
        if isinstance(answer, Failure):
            return self.options.keep == "nothing" and not calculation.has_ended
        return self.options.keep != "all"


class _Calculation:
    """One program in one folder. fault: why it was not begun."""

    def __init__(self, frame: Atoms, folder: Path, timeout: float | None) -> None:
        self.frame, self.folder, self.timeout = frame, folder, timeout
        self.fault = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._began = time.monotonic()

    @property
    def has_ended(self) -> bool:
        """Whether the program came to its end here, now or in an earlier run."""
        return (self.folder / ENDED).is_file() and read_json(self.folder / ENDED)["code"] == 0

    def start(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """Starts the program."""
        with (self.folder / OUTPUT).open("wb") as output:
            self._process = subprocess.Popen(
                argv,
                cwd=self.folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that a timeout ends its children too
            )

    def wait(self, said: Callable[[Path], str]) -> Failure | None:
        """None where the program came to its end; otherwise why not. said: what its output says of that."""
        if self.fault:
            return Failure(self.fault)
        if self._process is None:
            return None
        left = None if self.timeout is None else max(self.timeout - (time.monotonic() - self._began), 0.0)
        log = str(self.folder / OUTPUT)
        try:
            code = self._process.wait(left)
        except subprocess.TimeoutExpired:
            self.kill()
            return Failure(f"it took longer than its {self.timeout:g} s", log)
        write_json(self.folder / ENDED, {"code": code, "seconds": round(time.monotonic() - self._began, 3)})
        if code == 0:
            return None
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        why = said(self.folder)
        return Failure(f"the program {how}: {why}" if why else f"the program {how}", log)

    def ask(self) -> None:
        """Asks the program and its children to end, so that `mpirun` can end what runs on other nodes."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the program and its children: asks first, and waits a while."""
        self.ask()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def forget(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else ""


def k_grid(frame: Atoms, spacing: float) -> tuple[int, int, int]:
    """Points of a regular grid whose spacing in reciprocal space (1/Å, with the 2π) is at most `spacing`.

    One point along directions that are not periodic.
    """
    import numpy as np

    lengths = 2 * np.pi * np.linalg.norm(np.asarray(frame.cell.reciprocal()), axis=1)
    points = [max(1, int(np.ceil(length / spacing - 1e-9))) for length in lengths]
    first, second, third = (count if periodic else 1 for count, periodic in zip(points, frame.pbc, strict=True))
    return first, second, third
