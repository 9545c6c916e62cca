"""Bench: an executor of Parsl, an interpreter that pretends to be a worker, jobs for it, and who is alive."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from whet import Job, Resources, Site
from whet_parsl.executor import ParslExecutor
from whet_parsl.options import ParslOptions

PRETENDED = """\
#!{python}
import json, os, pathlib, sys, time
for line in sys.stdin:
    folder = pathlib.Path(json.loads(line)["run"][0])
    what, _, how = folder.name.partition("-")
    (folder / "began.part").write_text(str(os.getpid()))
    (folder / "began.part").rename(folder / "began")
    fault = None
    if what == "sleep":
        time.sleep(float(how))
    elif what == "environment":
        (folder / "said").write_text(os.environ.get(how, "unset"))
    elif what == "fault":
        fault = {{"kind": how, "what": "as told", "where": "here", "hint": "this way"}}
    print(json.dumps({{"fault": fault}} if fault else {{"done": True}}), flush=True)
"""


class Bench:
    """An executor on this machine, with pretended workers that sleep, fail and name themselves as their jobs say."""

    def __init__(self, folder: Path, mark: str) -> None:
        self.folder, self._mark = folder, mark
        self._number = 0
        self.is_started = False
        self.executor = ParslExecutor(ParslOptions())
        self.python = folder / "python"
        self.python.write_text(PRETENDED.format(python=sys.executable))
        self.python.chmod(0o755)

    def start(self, *, workers: int | None = None, **options: Any) -> ParslExecutor:
        self.executor = ParslExecutor(ParslOptions(**options))
        self.executor.start(Site(self.folder / "parsl", workers))
        self.is_started = True
        return self.executor

    def job(self, what: str, **needs: Any) -> Job:
        self._number += 1
        folder = self.folder / "steps" / str(self._number) / what
        folder.mkdir(parents=True)
        return Job((folder,), self.python, resources=Resources(**{"cores": 1, "gpus": 0, **needs}))

    def worker_of(self, job: Job) -> psutil.Process:
        """Parsl's worker that has a job, from when the job has begun."""
        began = job.folders[0] / "began"
        until(began.exists)
        _, worker, *_ = psutil.Process(int(began.read_text())).parents()  # between them is the keeper
        return worker

    def alive(self) -> set[psutil.Process]:
        """Every process that began in this test, wherever it is now; but the tests' own."""
        found = set()
        for process in psutil.process_iter():
            try:
                mark = process.environ().get("WHET_PARSL_TEST")
                if mark == self._mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.add(process)
            except psutil.Error:
                continue
        return found


def until(true: Callable[[], Any], seconds: float = 60.0) -> None:
    """Waits for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it does not become true"
        time.sleep(0.05)
