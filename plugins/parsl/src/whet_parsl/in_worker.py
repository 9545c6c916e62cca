"""What Parsl's worker does: it hands a job on to a warm worker of Whet, and back what that one answers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Timer
from typing import Any

from whet import ProcessLost, WhetError, WorkerProcess, described
from whet_parsl.tether import end_with

FUNCTION = f"{__name__}.answer"
"""How Parsl's worker is told of it."""

_workers: dict[tuple[str, int], WorkerProcess] = {}
_tethered = False


def asked(python: Path, environment: str, cores: int, minutes: float | None, request: dict[str, Any]) -> bytes:
    """What is sent to `answer`: a job for an interpreter; it may take so many minutes."""
    sent = {"python": str(python), "environment": environment, "cores": cores, "minutes": minutes, "request": request}
    return json.dumps(sent).encode()


def answer(sent: bytes) -> str:
    """An answer of `whet.worker`, as its line: what was done, or the fault in it."""
    global _tethered
    if not _tethered:  # a busy worker of Parsl does not notice that the pool is gone, and goes on with its step
        end_with(os.getppid())
        _tethered = True
    try:
        _ask(json.loads(sent))
    except WhetError as error:
        return json.dumps({"fault": described(error)})
    return json.dumps({"done": True})


def _ask(job: dict[str, Any]) -> None:
    key = (job["python"], job["cores"])
    worker = _workers.get(key)
    if worker is not None and not worker.alive:
        worker.close()
    if worker is None or not worker.alive:
        worker = WorkerProcess(Path(job["python"]), environment=job["environment"], threads=job["cores"])
        _workers[key] = worker
    minutes = job["minutes"]
    clock = Timer(60 * minutes, worker.kill) if minutes is not None else None
    if clock is not None:
        clock.start()
    try:
        worker.ask(job["request"])
    except ProcessLost:
        if clock is None or not clock.finished.is_set():
            raise
        what = f"the step took longer than its walltime of {minutes:g} minutes"
        raise ProcessLost(what, hint="See `resources` of the study") from None
    finally:
        if clock is not None:
            clock.cancel()
        if not worker.alive:
            worker.close()
            _workers.pop(key, None)
