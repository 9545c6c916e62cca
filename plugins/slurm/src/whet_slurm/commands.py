"""Slurm: what is asked of it by its programs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from whet import InputError, Program, WhetError

PROGRAMS = ("sbatch", "squeue", "scancel", "scontrol")

TIMEOUT = 120.0
"""Seconds that one of the programs may take: a busy controller keeps them waiting."""

FINAL = {
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "REVOKED",
    "TIMEOUT",
}
"""States of jobs of which nothing runs any more; Slurm shows them for some minutes."""

LATER = ("contact slurm controller", "timed out", "zero bytes", "temporarily", "connection", "maxsubmit", "disabled")
"""In what sbatch says where the same job may be taken later."""

OF_THE_USER = ("SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT")
"""Variables that say which Slurm is meant. The others are those of the job in which the driver runs, if it does."""

MOST_AT_ONCE = 500
"""Ids on one command line."""


class NoAnswer(Exception):
    """Slurm cannot be asked at this moment."""


@dataclass(frozen=True)
class Queued:
    """A job as squeue shows it. reason: why it waits."""

    id: int
    name: str
    state: str
    reason: str

    @property
    def is_alive(self) -> bool:
        """Whether it waits, runs, or is being ended."""
        return self.state not in FINAL


class Slurm:
    """The one that `squeue` and its like know on this machine."""

    def check(self) -> None:
        """Raises InputError where it is missing, or does not answer."""
        hint = "Start the study where jobs are submitted from, or let it run here: `running: {use: local}`"
        if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
            raise InputError(f"there is no Slurm on this machine: no program `{missing[0]}`", hint=hint)
        try:
            self.queue()
        except NoAnswer as error:
            raise InputError(f"Slurm does not answer: {error}", hint=hint) from None

    def submit(self, script: Path, options: Sequence[str]) -> int:
        """The id of a new job. Raises InputError where Slurm refuses it, NoAnswer where it may take it later.

        In the latter case Slurm may have taken the job without being able to say so.
        """
        code, said, errors = self._run("sbatch", "--parsable", *options, str(script))
        number = said.strip().partition(";")[0]
        if code == 0 and number.isdigit():
            return int(number)
        if code < 0 or any(word in errors.lower() for word in LATER):
            raise NoAnswer(_in_one(errors))
        hint = "See `resources` and the executor's options under `running`, and what `sinfo` offers"
        raise InputError(f"Slurm refused the job: {_in_one(errors) or f'sbatch ended with code {code}'}", hint=hint)

    def queue(self) -> Mapping[int, Queued]:
        """The user's jobs by id, those that ended a short while ago included. Raises NoAnswer."""
        # All states, as a filter by states misses jobs that are being configured.
        asked = ["--noheader", f"--user={os.getuid()}", "--states=all", "--format=%A|%T|%r|%j"]
        code, said, errors = self._run("squeue", *asked)
        if code != 0:
            raise NoAnswer(_in_one(errors) or f"squeue ended with code {code}")
        jobs = {}
        for line in said.splitlines():
            number, state, reason, name = line.strip().split("|", 3)
            jobs[int(number)] = Queued(int(number), name, state, reason)
        return jobs

    def cancel(self, ids: Iterable[int]) -> None:
        """Asks for the end of jobs; those that are over do not matter."""
        words = [str(number) for number in ids]
        for first in range(0, len(words), MOST_AT_ONCE):
            self._run("scancel", "--quiet", *words[first : first + MOST_AT_ONCE])

    def known(self, number: int) -> Mapping[str, str]:
        """What Slurm still knows of a job (`JobState`, `ExitCode`, …); nothing where it has forgotten the job."""
        code, said, _ = self._run("scontrol", "show", "job", "--oneliner", str(number))
        pairs = (word.partition("=") for word in said.split()) if code == 0 else ()
        return {key: value for key, _, value in pairs}

    def _run(self, *argv: str) -> tuple[int, str, str]:
        """Exit code, output and errors; code -1 where the program took too long."""
        # Also without the mark of what a program of Whet started: a job is not to end with the `sbatch` that sent it.
        unset = [f"--unset={name}" for name in os.environ if name.startswith("SLURM_") and name not in OF_THE_USER]
        with (
            tempfile.TemporaryFile("w+", errors="replace") as out,
            tempfile.TemporaryFile("w+", errors="replace") as err,
        ):
            try:
                command = ["env", "--unset=WHET_PROGRAM", *unset, *argv]
                with Program(command, Path.cwd(), stdout=out, stderr=err) as program:
                    code = program.wait(TIMEOUT)
            except TimeoutError:
                return -1, "", f"{argv[0]} took longer than {TIMEOUT:g} s"
            except WhetError as error:  # no process to be had
                return -1, "", str(error)
            out.seek(0)
            err.seek(0)
            return code, out.read(), err.read()


def _in_one(errors: str) -> str:
    """Slurm's own words, in one line."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    words = [line.split("error: ", 1)[-1] for line in lines if "warning: " not in line]
    return "; ".join(dict.fromkeys(words))
