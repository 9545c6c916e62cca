"""job_script, job_options: what `sbatch` is given for a job."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from whet import Job

if TYPE_CHECKING:
    from whet_slurm.executor import SlurmOptions

OUTPUT, ANSWER, SCRIPT = "output.txt", "answer.json", "job.sh"
"""Names of a job's files, in its folder."""


def job_script(job: Job, options: SlurmOptions, folder: Path) -> str:
    """The script: the user's own lines, then the worker, which takes the shell's place so that Slurm sees its end."""
    lines = [
        "#!/bin/bash",
        *options.scheduler_options,
        *(f"export {name}={shlex.quote(value)}" for name, value in job.variables.items()),
        *options.setup,
        f"exec {shlex.join(job.command(folder / ANSWER))}",
    ]
    return "\n".join(lines) + "\n"


def job_options(job: Job, options: SlurmOptions, name: str, folder: Path) -> list[str]:
    """Options on the command line of `sbatch`, which have precedence over those in scripts and in variables.

    Never requeued by Slurm: a lost step is the driver's to try again.
    """
    needs = job.resources
    given = {
        "partition": options.partition,
        "account": options.account,
        "qos": options.qos,
        "job-name": name,
        "output": str(folder / OUTPUT).replace("%", "%%"),
        "nodes": 1,
        "ntasks": 1,
        "cpus-per-task": job.cores,
        "mem": None if needs.memory is None else f"{math.ceil(needs.memory * 1024)}M",
        "gpus": needs.gpus or None,
        "time": None if needs.walltime is None else math.ceil(needs.walltime),
        "export": "ALL",
    }
    return ["--no-requeue", *(f"--{key}={value}" for key, value in given.items() if value is not None)]
