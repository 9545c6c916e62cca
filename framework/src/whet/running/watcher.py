"""Watcher: who is told how a run goes on."""

from __future__ import annotations

from typing import Protocol

from whet.data.errors import WhetError
from whet.running.step import Step


class Watcher(Protocol):
    """A progress bar, a log. It may also have `losses(step, losses)`: of the last epoch of a fine-tuning."""

    def began(self, step: Step) -> None:
        """The step was handed to an executor."""
        ...

    def progress(self, step: Step, done: int, total: int) -> None:
        """How far the step is."""
        ...

    def ended(self, step: Step, fault: WhetError | None, seconds: float) -> None:
        """The step has its result, or its fault."""
        ...


class Silent:
    """A watcher that says nothing."""

    def began(self, step: Step) -> None:
        """Says nothing."""

    def progress(self, step: Step, done: int, total: int) -> None:
        """Says nothing."""

    def ended(self, step: Step, fault: WhetError | None, seconds: float) -> None:
        """Says nothing."""
