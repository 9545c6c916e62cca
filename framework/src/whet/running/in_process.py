"""InProcess: an executor that runs steps in this very process, one after the other; for tests and notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future

from whet.contracts.component import Backend
from whet.contracts.executor import Executor, Job, Site
from whet.executors.local import LocalExecutor
from whet.running.store import Store
from whet.running.work import run_together


class InProcess(Executor):
    """Steps of this environment in this process, those of others in a worker.

    loaded: key of a component -> the backend that is alive here already, and is not loaded again.
    """

    name = "in-process"
    stays_here = True

    def __init__(self, loaded: Mapping[str, Backend] | None = None) -> None:
        super().__init__(None)
        self._loaded = loaded or {}
        self._others: LocalExecutor | None = None

    def start(self, site: Site) -> int:
        """One job at once."""
        self._site = site
        return 1

    def submit(self, job: Job) -> Future[None]:
        """Is done with the job when it returns, unless the job is another interpreter's."""
        if job.environment:
            return self._elsewhere().submit(job)
        done: Future[None] = Future()
        store, keys = Store(job.folders[0].parent.parent), [folder.name for folder in job.folders]
        try:
            run_together(store, keys, device=job.device, batch=job.batch, loaded=self._loaded)
        except Exception as error:
            done.set_exception(error)
        else:
            done.set_result(None)
        return done

    def stop(self) -> None:
        """Ends the worker of other interpreters."""
        if self._others is not None:
            self._others.stop()

    def _elsewhere(self) -> LocalExecutor:
        if self._others is None:
            self._others = LocalExecutor(None)
            self._others.start(Site(self._site.folder, 1))
        return self._others
