"""DriverFolder: where one driver has its jobs' files, and by which the next one finds what it left behind."""

from __future__ import annotations

import logging
import re
import shutil
import time
import uuid
from collections.abc import Collection
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from whet import StoreError, locked
from whet_slurm.commands import NoAnswer, Slurm

PATIENCE = 120.0
"""Seconds that cancelled jobs have to go; Slurm gives them 30 s by itself before it kills them."""

GRACE = 5.0
"""Seconds that jobs which have answered may take to end by themselves: as cancelled they would look like failures."""

AGAIN = 20.0
"""Seconds after which jobs that are still there are cancelled once more."""

_BUSY = StoreError("its driver lives")


class DriverFolder:
    """A folder in the executor's own, named by a token that is drawn at random and stands in each job's name.

    By it jobs are known as this driver's, also those that Slurm took while the driver was killed: ids may be given
    anew, and are written nowhere at that moment.
    """

    def __init__(self, path: Path, slurm: Slurm, held: ExitStack) -> None:
        self.path, self._slurm, self._held = path, slurm, held
        self._count = 0

    @classmethod
    def new(cls, site: Path, slurm: Slurm) -> Self:
        """One for this driver. Cancels the jobs of those whose drivers are gone, and waits until they are gone, too.

        Raises StoreError where the folder cannot be written.
        """
        with locked(site / ".starting"), ExitStack() as held:
            dead = [path for path in sorted(site.iterdir()) if path.is_dir() and _is_free(path)]
            if dead and cleared(slurm, {path.name for path in dead}):
                for path in dead:
                    shutil.rmtree(path, ignore_errors=True)
            path = site / uuid.uuid4().hex[:16]
            held.enter_context(locked(path / ".lock"))
            return cls(path, slurm, held.pop_all())

    def new_job(self, key: str) -> tuple[str, Path]:
        """A name for a job in Slurm's queue, begun with the key of its step, and a folder for its files."""
        self._count += 1
        folder = self.path / str(self._count)
        folder.mkdir()
        return f"{re.sub(r'[^A-Za-z0-9_-]', '-', key)}.{self._count}.{self.path.name}", folder

    def close(self, *, all_done: bool) -> None:
        """Cancels what is left in the queue. The folder stays where that cannot be done: for the next driver.

        all_done: whether every job has answered, and only has to leave the queue: then it is given the time.
        """
        gone = not self._count or cleared(self._slurm, {self.path.name}, GRACE if all_done else 0.0)
        if not gone:
            logging.getLogger(__name__).warning("jobs stay in Slurm's queue; the next run cancels them: %s", self.path)
        self._held.close()
        if gone:
            shutil.rmtree(self.path, ignore_errors=True)


def cleared(slurm: Slurm, tokens: Collection[str], grace: float = 0.0) -> bool:
    """Whether, after some time and cancelling, no job with one of these tokens is left in the queue.

    grace: seconds until the first cancelling.
    """
    began = time.monotonic()
    cancelled = grace - AGAIN
    while (passed := time.monotonic() - began) < PATIENCE:
        with suppress(NoAnswer):
            jobs = slurm.queue().values()
            ours = [job.id for job in jobs if job.is_alive and job.name.rpartition(".")[2] in tokens]
            if not ours:
                return True
            if passed - cancelled >= AGAIN:
                cancelled = passed
                slurm.cancel(ours)
        time.sleep(0.2 if passed < 2 else 1.0)
    return False


def _is_free(folder: Path) -> bool:
    try:
        with locked(folder / ".lock", busy=_BUSY):
            return True
    except StoreError as error:
        if error is _BUSY:
            return False
        raise
