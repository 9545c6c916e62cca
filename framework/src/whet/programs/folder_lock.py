"""FolderLock: a folder that belongs to one program at a time, and to whoever started it."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from whet.data.durable import unwritable
from whet.programs.keeper import MARK

POLL_SECONDS = 0.1
PATIENCE = 3.0
"""Seconds that are waited before the log says what for."""


class FolderLock:
    """Holds a folder by a lock file beside it; where another process holds it, that one's end is waited for.

    A program that is started with the lock holds it too, and so does what it starts: the folder is free only when all
    of them are gone, whoever was killed first. The folder need not exist. Raises StoreError where the file cannot be
    made or locked.

    It asks the system itself, not filelock: that unlocks where it lets go, also for the programs that have the lock.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._path = self.folder.with_name(f".{self.folder.name}.lock")
        self._began, self._has_said = time.monotonic(), False
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            while not self._is_taken():
                self._wait("it belongs to another process")
        except OSError as error:
            raise unwritable(self._path, error) from error
        try:
            # Of a program whose keeper was killed something may live on that let go of the lock.
            while self.folder.is_dir() and (living := _programs_in(self.folder)):
                self._wait(f"a program still works there (process {', '.join(map(str, living))})")
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        """The lock's file descriptor, for a program to inherit."""
        return self._file

    def close(self) -> None:
        """Lets go of the folder; where a program has the lock, it keeps it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def remove(self) -> None:
        """Removes the lock file and lets go: for when the folder is gone, and no program has the lock."""
        self._path.unlink(missing_ok=True)
        self.close()

    def _is_taken(self) -> bool:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it before may have removed the file: then this lock is of a file that nobody else finds.
            if os.path.samestat(os.fstat(self._file), self._path.stat()):
                return True
        except (BlockingIOError, FileNotFoundError):
            pass
        except BaseException:
            self.close()
            raise
        self.close()
        return False

    def _wait(self, why: str) -> None:
        if not self._has_said and time.monotonic() - self._began > PATIENCE:
            import logging  # not at the top: listing plugins is to start fast

            self._has_said = True
            logging.getLogger(__name__).warning("waiting for %s: %s", self.folder, why)
        time.sleep(POLL_SECONDS)


def _programs_in(folder: Path) -> list[int]:
    """Ids of the processes that programs started in a folder are, whether or not their keeper lives."""
    import psutil

    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK, "").partition(":")[2] == str(folder):
                found.append(process.pid)
    return found
