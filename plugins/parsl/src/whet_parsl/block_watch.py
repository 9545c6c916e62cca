"""BlockWatch: notices blocks that end before a worker of theirs reports, and when to stop asking for more."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping

from parsl.jobs.states import JobState, JobStatus

from whet import InputError, ProcessLost

AT_FIRST, LATER = 2, 6
"""Blocks in a row that may come to nothing: before any worker ever reported, and after one did."""


class BlockWatch:
    """In place of Parsl's own handlers of such errors, after which an executor is of no use any more."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._in_a_row = 0
        self._has_worked = False
        self._resume_at = 0.0

    def look(self, status: Mapping[str, JobStatus], connected: Collection[str]) -> None:
        """Takes in what became of the blocks. connected: those of which workers have ever reported.

        Raises InputError where none ever came to work, ProcessLost where they do not any more.
        """
        self._has_worked = self._has_worked or bool(connected)
        for block, how in status.items():
            if not how.terminal or block in self._seen:
                continue
            self._seen.add(block)
            if block in connected or how.state == JobState.SCALED_IN:
                self._in_a_row = 0
                continue
            self._in_a_row += 1
            self._resume_at = time.monotonic() + 2**self._in_a_row
            if self._in_a_row >= (LATER if self._has_worked else AT_FIRST):
                kind = ProcessLost if self._has_worked else InputError
                raise kind(f"blocks of workers do not start: {_why(how)}", hint="See the executor's options")

    @property
    def may_ask(self) -> bool:
        """Whether it is time to ask for another block; after one that came to nothing it is not at once."""
        return time.monotonic() >= self._resume_at


def _why(how: JobStatus) -> str:
    """The last words of the block, of the scheduler, or Parsl's own."""
    said = how.message or ""
    if "stderr=" in said:  # the scheduler's command was refused
        return said.partition("stderr=")[2].strip() or said
    last = [line.strip() for line in (how.stderr_summary or "").splitlines() if line.strip()]
    code = f" (exit code {how.exit_code})" if how.exit_code is not None else ""
    return (last[-1] if last else said or "they end before a worker reports") + code
