"""job_fault: what was wrong with a job that ended, and with which step."""

from __future__ import annotations

from concurrent.futures import CancelledError, Future
from copy import copy

from whet.data.errors import PluginError, ProcessLost, WhetError
from whet.running.step import Step


def job_fault(future: Future[None], executor: str) -> WhetError | None:
    """None where nothing was. executor: its name."""
    try:
        future.result()
    except WhetError as error:
        return error
    except CancelledError:
        return ProcessLost("the job was taken back")
    except Exception as error:
        return PluginError(f"the executor {executor!r} failed ({type(error).__name__}: {error})")
    return None


def step_fault(fault: WhetError, step: Step) -> WhetError:
    """The fault, with the step's title where it lacks that: an executor that refuses a job knows no titles."""
    title = step.title or step.key
    return fault if fault.where.startswith(title) else copy(fault).at(title)
