"""Calculation: one run of a program in a folder of its own, whose end is on record there."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from whet.data.durable import read_json
from whet.data.labels import Failure
from whet.programs.folder_lock import FolderLock
from whet.programs.program import GRACE, Program

ENDED = "ended.json"
"""Written when the program has ended by itself: from then on its output is read and it is not run again."""

OUTPUT = "output.txt"
"""What the program printed."""


class Calculation:
    """A program's run in a folder that is its own from here until it is closed.

    Where a program works there already, of whichever process, its end is waited for. fault: why none was started.
    """

    def __init__(self, folder: Path, timeout: float | None) -> None:
        self.folder, self.timeout = folder, timeout
        self.fault = ""
        self._lock = FolderLock(folder)
        self._program: Program | None = None
        self._began = time.monotonic()

    @property
    def has_ended(self) -> bool:
        """Whether the program came to its end here, now or in an earlier run."""
        return (self.folder / ENDED).is_file() and read_json(self.folder / ENDED)["code"] == 0

    def start(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """Starts the program."""
        with (self.folder / OUTPUT).open("wb") as output:
            self._program = Program(
                argv,
                self.folder,
                environment=environment,
                stdout=output,
                lock=self._lock,
                record=self.folder / ENDED,
            )

    def wait(self, said: Callable[[Path], str]) -> Failure | None:
        """None where the program came to its end; otherwise why not. said: what its output says of that."""
        if self.fault:
            return Failure(self.fault)
        if self._program is None:
            return None
        left = None if self.timeout is None else max(self.timeout - (time.monotonic() - self._began), 0.0)
        log = str(self.folder / OUTPUT)
        try:
            code = self._program.wait(left)
        except TimeoutError:
            self._program.end(GRACE)
            return Failure(f"it took longer than its {self.timeout:g} s", log)
        if code == 0:
            return None
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        why = said(self.folder)
        return Failure(f"the program {how}: {why}" if why else f"the program {how}", log)

    def ask(self) -> None:
        """Asks the program to end, so that `mpirun` can end what runs on other nodes."""
        if self._program is not None:
            self._program.ask()

    def close(self) -> None:
        """Ends the program, and lets go of the folder."""
        if self._program is not None:
            self._program.end()
        self._lock.close()

    def forget(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.remove()


def last_line(log: Path) -> str:
    """The last line with something on it, cut to 200 characters."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else ""
