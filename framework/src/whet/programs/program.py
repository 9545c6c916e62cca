"""Program: a command that runs in a folder and ends with the process that started it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from whet.data.errors import ProcessLost
from whet.programs import keeper
from whet.programs.folder_lock import FolderLock

GRACE = 20.0
"""Seconds that a program has to tidy up where Whet has the time, as after a timeout."""

MARGIN = 5.0
"""Seconds that are waited for a keeper beyond what its program was given."""


class Program:
    """A command, run in a folder by a keeper that ends it with all that it started once this process is gone.

    environment: variables beside those of this process. stdin, stdout, stderr: as subprocess has them. lock: of the
    folder, held until nothing of the program lives. record: a file that is written, all or nothing, when the program
    has come to its end unasked: its exit `code` (minus its signal) and its `seconds`.

    A command that cannot be run ends with code NOT_RUN and says why on its standard error. Raises ProcessLost where the
    system has no process to give.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        stdin: int | IO[bytes] | IO[str] = subprocess.DEVNULL,
        stdout: int | IO[bytes] | IO[str] = subprocess.DEVNULL,
        stderr: int | IO[bytes] | IO[str] = subprocess.STDOUT,
        lock: FolderLock | None = None,
        record: Path | None = None,
    ) -> None:
        folder = folder.resolve()
        job = {
            "argv": [str(word) for word in argv],
            "folder": str(folder),
            "environment": {**os.environ, **(environment or {})},
            "record": str(record.resolve()) if record is not None else "",
        }
        try:
            theirs, ours = os.pipe()
        except OSError as error:
            raise _no_process(error) from error
        self._lifeline = os.fdopen(ours, "wb")
        try:
            # In a session of its own: what is sent to this process's group is for this process to answer.
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-X", f"utf8={sys.flags.utf8_mode}", keeper.__file__, str(theirs), str(folder)],
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                text=True,
                encoding="utf-8",
                pass_fds=[theirs] if lock is None else [theirs, lock.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            self._lifeline.close()
            raise _no_process(error) from error
        finally:
            os.close(theirs)
        self.stdin, self.stdout = self._keeper.stdin, self._keeper.stdout
        self._say(json.dumps(job))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.end()

    @property
    def code(self) -> int | None:
        """The exit code, minus the signal that ended it, or None while it or anything that it started lives."""
        return self._keeper.poll()

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, or minus the signal that ended it. TimeoutError where it takes longer than `timeout` s."""
        try:
            code = self._keeper.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"it took longer than {timeout:g} s") from None
        self._hang_up()
        return code

    def ask(self, grace: float = keeper.HASTE) -> None:
        """Asks the program to end, and does not wait; after `grace` s it is killed, with all that it started."""
        self._say(f"{grace:g}")

    def end(self, grace: float = keeper.HASTE) -> None:
        """Asks the program to end, and waits until nothing of it lives, which takes `grace` s at most.

        What cannot be killed, as on a dead disk, is left to its keeper, which holds the folder's lock.
        """
        if self.code is None:
            self.ask(grace)
            with suppress(TimeoutError):
                self.wait(grace + MARGIN)
        self._hang_up()

    def _say(self, line: str) -> None:
        with suppress(OSError, ValueError):  # a keeper that is gone has nothing to end
            self._lifeline.write(line.encode() + b"\n")
            self._lifeline.flush()

    def _hang_up(self) -> None:
        for pipe in (self._lifeline, self.stdin, self.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was buffered for a keeper that is gone
                    pipe.close()


def _no_process(error: OSError) -> ProcessLost:
    hint = "The limit of processes or open files may be reached (`ulimit -a`)"
    return ProcessLost(f"no program can be started ({error.strerror})", hint=hint)
