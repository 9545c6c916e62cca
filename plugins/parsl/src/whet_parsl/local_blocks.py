"""LocalBlocks: blocks on this machine that end with the driver, and with all that they started."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parsl.jobs.states import JobState, JobStatus
from parsl.providers import LocalProvider

from whet import Program


class LocalBlocks(LocalProvider):
    """Parsl's own leaves workers alive when a block's pool or the driver is killed; here a block is a `Program`."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._programs: dict[str, Program] = {}
        self._cancelled: set[str] = set()

    def submit(self, command: str, tasks_per_node: int, job_name: str = "parsl") -> str:
        """Starts a block; its script, its output and its id have one name."""
        job = f"{job_name}.{len(self._programs)}"
        script = Path(str(self.script_dir)) / job
        started = self.launcher(command, tasks_per_node, self.nodes_per_block)
        script.write_text(f"{self.worker_init}\n{started}\n", encoding="utf-8")
        with self._output(job).open("wb") as output:
            bash = shutil.which("bash") or "/bin/bash"
            self._programs[job] = Program([bash, script], Path.cwd(), stdout=output)
        return job

    def status(self, job_ids: Sequence[Any]) -> list[JobStatus]:
        """Of each block; it is over when nothing lives that it started."""
        return [self._status(job) for job in job_ids]

    def cancel(self, job_ids: Sequence[Any]) -> list[bool]:
        """Ends blocks, and waits until nothing of them lives."""
        self._cancelled.update(job_ids)
        for job in job_ids:
            self._programs[job].ask()
        for job in job_ids:
            self._programs[job].end()
        return [self._programs[job].code is not None for job in job_ids]

    @property
    def status_polling_interval(self) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] -- read as always 5
        """Seconds; a look costs nothing."""
        return 1

    def _output(self, job: str) -> Path:
        return Path(str(self.script_dir)) / f"{job}.out"

    def _status(self, job: str) -> JobStatus:
        code = self._programs[job].code
        if code is None:
            return JobStatus(JobState.RUNNING)
        if job in self._cancelled:
            return JobStatus(JobState.CANCELLED)
        state = JobState.FAILED if code else JobState.COMPLETED
        return JobStatus(state, exit_code=code, stderr_path=str(self._output(job)))
