"""local: workers on this machine, each kept for many jobs, as importing a potential's packages takes seconds."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING

from whet.contracts.executor import Executor, Job, Site
from whet.data.errors import ProcessLost

if TYPE_CHECKING:
    from whet.programs.worker_process import WorkerProcess


class LocalExecutor(Executor):
    """Workers on this machine, as many side by side as the study's `workers` says; 1 where it does not."""

    name = "local"
    stays_here = True

    def start(self, site: Site) -> int:
        """As many jobs at once as there are workers."""
        workers = site.workers or 1
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="worker")
        self._free: dict[tuple[Path, int], SimpleQueue[WorkerProcess]] = {}
        self._all: list[WorkerProcess] = []
        self._is_over = False
        self._starting = Lock()
        return workers

    def submit(self, job: Job) -> Future[None]:
        """Does it with a worker that is free, or else a new one."""
        return self._threads.submit(self._do, job)

    def stop(self) -> None:
        """Ends every worker, whatever it is doing; none is started any more."""
        with self._starting:
            self._is_over = True
        every = list(self._all)  # one whose job ends meanwhile takes itself out
        for worker in every:
            worker.dismiss()  # all of them, before any is waited for
        for worker in every:
            worker.close()
        self._threads.shutdown(cancel_futures=True)

    def _do(self, job: Job) -> None:
        free = self._free.setdefault((job.python, job.cores), SimpleQueue())
        worker = self._taken(free) or self._started(job)
        try:
            worker.ask(job.request)
        finally:
            if worker.alive:
                free.put(worker)
            else:
                worker.close()
                self._all.remove(worker)

    def _taken(self, free: SimpleQueue[WorkerProcess]) -> WorkerProcess | None:
        while True:
            try:
                worker = free.get_nowait()
            except Empty:
                return None
            if worker.alive:
                return worker

    def _started(self, job: Job) -> WorkerProcess:
        from whet.programs.worker_process import WorkerProcess

        with self._starting:
            if self._is_over:
                raise ProcessLost("the run is being stopped")
            worker = WorkerProcess(job.python, environment=job.environment, threads=job.cores)
            self._all.append(worker)
        return worker
