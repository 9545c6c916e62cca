"""Watch: a thread that submits jobs, looks after all of them every few seconds, and judges those that are over."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from whet import InputError, Job, WhetError, read_answer
from whet_slurm.commands import NoAnswer, Queued, Slurm
from whet_slurm.driver_folder import DriverFolder
from whet_slurm.ending import ended_by_itself, lost_job
from whet_slurm.script import ANSWER, OUTPUT, SCRIPT, job_options, job_script

if TYPE_CHECKING:
    from whet_slurm.executor import SlurmOptions

PATIENCE = 15.0
"""Seconds that an answer may take to be seen here after its job is gone: the disk is shared, and may be slow."""

NEVER = {
    "AccountNotAllowed",
    "BadConstraints",
    "DependencyNeverSatisfied",
    "InvalidAccount",
    "InvalidQOS",
    "PartitionNodeLimit",
    "PartitionTimeLimit",
    "QOSNotAllowed",
}
"""Reasons for which a job waits until somebody changes it."""

MOST_WORDS = 10_000
"""Bytes of what a lost job printed that are kept, in its step's log."""


@dataclass(eq=False)
class Sent:
    """A job on its way. id: None until Slurm has said it. gone_since: when it was first seen to be over."""

    job: Job
    name: str
    folder: Path
    future: Future[None] = field(default_factory=Future)
    id: int | None = None
    gone_since: float | None = None
    known: Mapping[str, str] = field(default_factory=dict)


class Watch:
    """Of the jobs of one driver."""

    def __init__(self, options: SlurmOptions, slurm: Slurm, folder: DriverFolder) -> None:
        self._options, self._slurm, self._folder = options, slurm, folder
        self._new: SimpleQueue[Sent | None] = SimpleQueue()
        self._open: dict[str, Sent] = {}
        self._is_over = False
        self._thread = Thread(target=self._work, name="slurm", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> Future[None]:
        """The job's end, which is set by the thread."""
        sent = Sent(job, *self._folder.new_job(job.name))
        self._new.put(sent)
        return sent.future

    def close(self) -> bool:
        """Submits nothing any more, and gives no job's end any more; says whether every job had its end by then."""
        self._is_over = True
        self._new.put(None)
        self._thread.join()
        for sent in self._open.values():
            sent.future.cancel()
        return not self._open

    def _work(self) -> None:
        look_at = time.monotonic() + self._options.look_every
        while not self._is_over:
            with suppress(Empty):
                if (sent := self._new.get(timeout=max(0.0, look_at - time.monotonic()))) is not None:
                    self._open[sent.name] = sent
                    self._guarded(sent, None)
            if time.monotonic() >= look_at and not self._is_over:
                self._look()
                look_at = time.monotonic() + self._options.look_every

    def _look(self) -> None:
        # First the queue, then the answers: the answer of a job that is over has been written by then.
        queue = self._queue() if self._open else {}
        for sent in list(self._open.values()):
            if self._is_over:
                return
            self._guarded(sent, queue)

    def _queue(self) -> Mapping[int, Queued] | None:
        """None where Slurm cannot be asked, or says what nobody understands: at the next look it may."""
        try:
            return self._slurm.queue()
        except NoAnswer:
            return None
        except Exception as error:
            logging.getLogger(__name__).warning("Slurm's queue cannot be read: %s: %s", type(error).__name__, error)
            return None

    def _guarded(self, sent: Sent, queue: Mapping[int, Queued] | None) -> None:
        """Nothing that befalls one job is to end the thread, on which all the others depend."""
        try:
            if sent.id is None:
                self._send(sent, queue)
            else:
                self._judge(sent, queue)
        except Exception as error:
            self._end(sent, error)

    def _send(self, sent: Sent, queue: Mapping[int, Queued] | None) -> None:
        """Submits it, unless Slurm has taken it already without having been able to say so."""
        script = sent.folder / SCRIPT
        if script.exists():
            if queue is None:
                return
            sent.id = next((one.id for one in queue.values() if one.name == sent.name), None)
            if sent.id is not None:
                return
        script.write_text(job_script(sent.job, self._options, sent.folder), encoding="utf-8")
        with suppress(NoAnswer):  # then again after the next look
            sent.id = self._slurm.submit(script, job_options(sent.job, self._options, sent.name, sent.folder))

    def _judge(self, sent: Sent, queue: Mapping[int, Queued] | None) -> None:
        assert sent.id is not None
        if (sent.folder / ANSWER).exists():
            self._end(sent, _answer(sent))
            return
        queued = None if queue is None else queue.get(sent.id)
        if queue is None or (queued is not None and queued.is_alive):
            if queued is not None and queued.state == "PENDING" and queued.reason in NEVER:
                self._slurm.cancel([sent.id])
                hint = "See `resources` and the executor's options under `running`, and what `sinfo` offers"
                raise InputError(f"Slurm will never run the job: {queued.reason}", hint=hint)
            return
        now = time.monotonic()
        sent.gone_since = sent.gone_since or now
        sent.known = sent.known or self._slurm.known(sent.id)
        if ended_by_itself(sent.known) and now - sent.gone_since < PATIENCE:
            (sent.folder / "looked-for").touch()  # a change of the folder makes NFS look at it anew
            return
        self._end(sent, lost_job(sent.id, sent.known, _kept_words(sent)))

    def _end(self, sent: Sent, error: Exception | None) -> None:
        del self._open[sent.name]
        shutil.rmtree(sent.folder, ignore_errors=True)  # there may be thousands
        if error is None:
            sent.future.set_result(None)
        else:
            sent.future.set_exception(error)


def _answer(sent: Sent) -> WhetError | None:
    try:
        read_answer(sent.folder / ANSWER)
    except WhetError as error:
        return error
    return None


def _kept_words(sent: Sent) -> str:
    """The last line of what a lost job printed; all of it goes to the log of its first step."""
    try:
        with (sent.folder / OUTPUT).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - MOST_WORDS))
            words = file.read().decode(errors="replace")
    except OSError:
        return ""
    with suppress(OSError), (sent.job.folders[0] / "log.txt").open("a", encoding="utf-8") as log:
        log.write(words)
    return next((line.strip() for line in reversed(words.splitlines()) if line.strip()), "")
