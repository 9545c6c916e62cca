"""RunFolder: where Parsl's files of one run lie, and what the run has to leave behind nothing of."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from whet import InputError, ProcessLost, Program, read_json, write_json

RECORD = "started.json"

CANCEL = {
    "slurm": ["scancel"],
    "pbspro": ["qdel"],
    "torque": ["qdel"],
    "lsf": ["bkill"],
    "grid_engine": ["qdel"],
    "kubernetes": ["kubectl", "delete", "pod", "--wait=false"],
}
"""Provider -> the command that takes back jobs by their ids."""

PATIENCE = 30.0
"""Seconds that a scheduler has to take jobs back which an earlier run left."""


class RunFolder:
    """A folder whose name says which process it belongs to: host, process id and when that process began.

    Raises InputError where the path is none that goes through a shell unharmed: Parsl does not quote it.
    """

    def __init__(self, folder: Path) -> None:
        folder = folder.absolute()
        plain(folder, "the store")
        folder.mkdir(parents=True, exist_ok=True)
        number = 0
        while True:
            path = folder / f"{_own_name()}-{number}"
            with suppress(FileExistsError):
                path.mkdir()
                break
            number += 1
        self.path = path
        self._processes: list[tuple[int, float]] = []
        self._jobs: dict[str, list[str]] = {}

    def note_process(self, pid: int) -> None:
        """Records a process of this machine that is to end with the run."""
        with suppress(psutil.Error):
            self._processes.append((pid, psutil.Process(pid).create_time()))
        self._write()

    def note_jobs(self, provider: str, jobs: Sequence[str]) -> None:
        """Records jobs of a scheduler that are to end with the run."""
        known = self._jobs.setdefault(provider, [])
        if new := [job for job in jobs if job not in known]:
            known += new
            self._write()

    def is_clear(self) -> None:
        """Forgets all that was recorded: it has ended."""
        self._processes, self._jobs = [], {}
        self._write()

    def _write(self) -> None:
        write_json(
            self.path / RECORD,
            {"processes": [list(process) for process in self._processes], "jobs": {**self._jobs}},
        )


def clear_up(folder: Path) -> None:
    """Ends what runs left behind whose driver was killed on this machine, and removes their folders.

    A process is ended only if it began when the recorded one did. Runs of other machines are left alone: what they
    started ends by itself, as it misses its driver's signs of life.
    """
    for path in sorted(folder.glob("*")):
        host, _, rest = path.name.rpartition("+")
        if host != socket.gethostname() or not re.fullmatch(r"\d+-\d+-\d+", rest) or _is_alive(rest):
            continue
        left = {}
        with suppress(Exception):  # no record, or half of one
            left = read_json(path / RECORD)
        for pid, created in left.get("processes", ()):
            _end(pid, created)
        for provider, jobs in left.get("jobs", {}).items():
            if provider in CANCEL and jobs:
                with suppress(ProcessLost, TimeoutError), Program([*CANCEL[provider], *jobs], folder) as program:
                    program.wait(PATIENCE)
        shutil.rmtree(path, ignore_errors=True)


def plain(path: Path, of_what: str) -> str:
    """The path as Parsl may have it. InputError where a shell, or Parsl's templates, would take it apart."""
    if re.fullmatch(r"[\w@%+=:,./-]+", str(path)) is None:
        what = f"Parsl cannot work with the path of {of_what}, which goes unquoted through a shell"
        raise InputError(what, where=str(path), hint="Use a path without spaces, quotes, brackets and the like")
    return str(path)


def _own_name() -> str:
    own = psutil.Process()
    return f"{socket.gethostname()}+{own.pid}-{_moment(own)}"


def _moment(process: psutil.Process) -> int:
    """Hundredths of a second at which a process began; more the system does not tell."""
    return round(100 * process.create_time())


def _is_alive(rest: str) -> bool:
    pid, moment, _ = rest.split("-")
    with suppress(psutil.Error):
        return _moment(psutil.Process(int(pid))) == int(moment)
    return False


def _end(pid: int, created: float) -> None:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.create_time() == created:
            process.kill()
            process.wait(PATIENCE)
