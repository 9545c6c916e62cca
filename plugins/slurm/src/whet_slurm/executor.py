"""SlurmExecutor: each job of Whet is a job of Slurm."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Annotated

from pydantic import AfterValidator, Field

from whet import Executor, Job, Options, Site
from whet_slurm.commands import Slurm
from whet_slurm.driver_folder import DriverFolder
from whet_slurm.watch import Watch


def _scheduler_line(line: str) -> str:
    if not line.startswith("#SBATCH "):
        raise ValueError("should begin with `#SBATCH `")
    if "\n" in line:
        raise ValueError("should be one line; write several as a list")
    if line.split()[1].startswith(("--array", "-a")):
        raise ValueError("one job is one job: an array would do the same steps many times")
    return line


class SlurmOptions(Options):
    """Where the jobs go, and what surrounds a step in its job."""

    partition: str | None = Field(default=None, min_length=1)
    """Partition (queue) of every job. Default: the cluster's own."""
    account: str | None = Field(default=None, min_length=1)
    """Account that pays. Default: the user's own."""
    qos: str | None = Field(default=None, min_length=1)
    """Quality of service. Default: the user's own."""
    scheduler_options: list[Annotated[str, AfterValidator(_scheduler_line)]] = Field(default=[])
    """Further lines for the head of each job's script (`#SBATCH --constraint=a100`). What follows from the other
    options and from a step's resources has precedence."""
    setup: list[str] = Field(default=[])
    """Shell lines that run in each job before the step, as `module load cp2k`."""
    most_jobs: int = Field(default=100, ge=1, le=4096)
    """Jobs in Slurm's queue at once, those that wait included, where the study does not say `workers`."""
    look_every: float = Field(default=5.0, gt=0, le=3600)
    """Seconds between looks at the queue: one `squeue` for all jobs."""


class SlurmExecutor(Executor[SlurmOptions]):
    """Submits one job of Slurm for each job, with `sbatch`, and judges it by the answer that its worker leaves.

    Slurm's accounting is not needed. A job that is gone without an answer is lost, with what Slurm still knows of it.
    Jobs of a driver that was killed are cancelled by the next one.
    """

    name = "slurm"

    def start(self, site: Site) -> int:
        """As many jobs at once as the study's `workers` or `most_jobs` says.

        Raises InputError where Slurm's programs are missing, or Slurm does not answer.
        """
        slurm = Slurm()
        slurm.check()
        self._folder = DriverFolder.new(site.folder, slurm)
        self._watch = Watch(self.options, slurm, self._folder)
        return site.workers or self.options.most_jobs

    def submit(self, job: Job) -> Future[None]:
        """Leaves the job to be submitted. InputError comes with the future, where Slurm refuses the job."""
        return self._watch.submit(job)

    def stop(self) -> None:
        """Cancels every job, and waits until they are gone from the queue."""
        self._folder.close(all_done=self._watch.close())
