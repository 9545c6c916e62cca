"""CodeLabeler: a labeler that runs a program, in a folder of its own for each frame."""

from __future__ import annotations

import shlex
import shutil
import sys
from abc import abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

from pydantic import Field

from whet.contracts.labeling import Labeler
from whet.contracts.options import Options
from whet.data.errors import FrameError, MissingPackage
from whet.data.frame_identity import frame_key
from whet.data.labels import Failure, Labels
from whet.programs.calculation import OUTPUT, Calculation, last_line

if TYPE_CHECKING:
    from ase import Atoms


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


CodeOptionsT = TypeVar("CodeOptionsT", bound=CodeOptions)


class CodeLabeler(Labeler[CodeOptionsT]):
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
        return last_line(folder / OUTPUT)

    def label(self, frames: Sequence[Atoms], folder: Path) -> Iterator[Labels | Failure]:
        """As the contract says; up to `processes` calculations run at a time, answers come in order.

        A folder in which a program of another process works is waited for. Raises MissingPackage where the program is
        not there.
        """
        running: deque[tuple[Atoms, Calculation]] = deque()
        source = iter(frames)
        upcoming = next(source, None)
        try:
            while running or upcoming is not None:
                while upcoming is not None and len(running) < self.options.processes:
                    place = self._place(upcoming, folder)
                    if any(calculation.folder == place for _, calculation in running):
                        break  # the same frame again: its folder is in use
                    running.append((upcoming, self._begun(upcoming, place)))
                    upcoming = next(source, None)
                answer = self._finished(*running[0])
                yield answer
                # Only now: whoever asks for the next one has stored this one.
                _, ended = running.popleft()
                if self._is_to_go(answer, ended):
                    ended.forget()
                else:
                    ended.close()
        finally:
            for _, calculation in running:
                calculation.ask()  # all of them, before any is waited for
            for _, calculation in running:
                calculation.close()

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

    def _place(self, frame: Atoms, folder: Path) -> Path:
        """The frame's own folder."""
        return folder / self.theory.of(frame.get_chemical_symbols()).fingerprint[:12] / frame_key(frame)

    def _begun(self, frame: Atoms, place: Path) -> Calculation:
        calculation = Calculation(place, self.options.timeout)
        try:
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
                calculation.start(argv, self.environment())
        except BaseException:
            calculation.close()
            raise
        return calculation

    def _finished(self, frame: Atoms, calculation: Calculation) -> Labels | Failure:
        answer = calculation.wait(self.fault)
        if answer is None:
            try:
                answer = self.read(frame, calculation.folder)
            except Exception as error:  # a parser's fault loses nothing: the output is there to be read again
                what = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
                answer = Failure(f"its output cannot be read ({what})", str(calculation.folder))
        return answer

    def _is_to_go(self, answer: Labels | Failure, calculation: Calculation) -> bool:
        """Whether the folder is removed: never that of a finished calculation that gave no labels."""
        if isinstance(answer, Failure):
            return self.options.keep == "nothing" and not calculation.has_ended
        return self.options.keep != "all"


def k_grid(frame: Atoms, spacing: float) -> tuple[int, int, int]:
    """Points of a regular grid whose spacing in reciprocal space (1/Å, with the 2π) is at most `spacing`.

    One point along directions that are not periodic.
    """
    import numpy as np

    lengths = 2 * np.pi * np.linalg.norm(np.asarray(frame.cell.reciprocal()), axis=1)
    points = [max(1, int(np.ceil(length / spacing - 1e-9))) for length in lengths]
    first, second, third = (count if periodic else 1 for count, periodic in zip(points, frame.pbc, strict=True))
    return first, second, third
