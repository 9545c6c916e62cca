"""Executor: takes jobs to where they run. It is transport only: state, retries and results stay in the store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from whet.contracts.component import Backend, OptionsT
from whet.contracts.resources import Resources

WORKER = ("-m", "whet.worker")
"""The program that does jobs, for any interpreter that has Whet."""

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables by which numerical libraries are told how many threads to have."""


@dataclass(frozen=True)
class Job:
    """Steps that one worker does, at once where there are several; plain data, which may travel.

    folders: of the steps, absolute, on a disk that driver and worker share. python: the interpreter that has their
    plugins; environment: its name in the study, "" for the driver's own. device: where potentials live. batch: frames
    that a potential may be asked for at once. resources: with nothing left open but memory and walltime.
    """

    folders: tuple[Path, ...]
    python: Path
    environment: str = ""
    device: str = "cpu"
    batch: int = 1
    resources: Resources = field(default_factory=lambda: Resources(cores=1, gpus=0))

    @property
    def name(self) -> str:
        """What people and schedulers call it: the key of its first step."""
        return self.folders[0].name

    @property
    def cores(self) -> int:
        """Threads of the worker's numerical libraries."""
        return self.resources.cores or 1

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables of a worker that does this job alone (see `command`)."""
        return dict.fromkeys(THREADS, str(self.cores))

    @property
    def request(self) -> dict[str, Any]:
        """What a `whet.worker -` is asked (see `WorkerProcess.ask`)."""
        return {"run": [str(folder) for folder in self.folders], "device": self.device, "batch": self.batch}

    def command(self, answer: Path) -> list[str]:
        """The command line of a worker that does this job alone; its answer is for `read_answer`."""
        how = ["--device", self.device, "--batch", str(self.batch), "--answer", str(answer)]
        return [str(self.python), *WORKER, *how, *(str(folder) for folder in self.folders)]


@dataclass(frozen=True)
class Site:
    """What an executor is told of the study that it works for.

    folder: for its own files; in the store, which driver and workers share. workers: jobs side by side at the most;
    None where the study does not say.
    """

    folder: Path
    workers: int | None = None


class Executor(Backend[OptionsT], ABC):
    """Takes jobs to where they run: `start`, `submit` for each job, `stop`; all of them are called by one thread."""

    stays_here: ClassVar[bool] = False
    """Whether jobs run on the driver's machine: what it lacks (a GPU) is then said before the first."""

    def check(self, needs: Resources) -> None:
        """Asked before anything runs, without `start`: InputError where no job with these needs could ever be taken."""

    @abstractmethod
    def start(self, site: Site) -> int:
        """Gets ready. Gives how many jobs it is to have at once; others wait, and can still be chosen among."""

    @abstractmethod
    def submit(self, job: Job) -> Future[None]:
        """Hands a job on, without waiting for it.

        The future ends well where the worker said that the job is done; with the WhetError that the worker named; with
        ProcessLost where there is no answer of it (killed, out of memory, out of time, its node gone). A lost job may
        be given again.
        """

    @abstractmethod
    def stop(self) -> None:
        """Ends whatever runs for it, in any state. Nothing that it started lives after that."""
