"""Attempts: how often each step was lost, and when it is tried again."""

from __future__ import annotations

import time
from collections.abc import Iterable
from heapq import heappop, heappush
from pathlib import Path

from pydantic import Field

from whet.contracts.options import Options
from whet.data.errors import ProcessLost
from whet.running.step import Step


class Retries(Options):
    """What is done about a lost step: one whose worker or machine went away. A failing one is not tried again."""

    retries: int = Field(default=1, ge=0, le=100)
    """How often a lost step is tried again; what kills several workers may be the step itself."""
    backoff: float = Field(default=1.0, ge=0)
    """Seconds until a lost step is tried again; twice as long each further time."""


class Attempts:
    """Of the steps of one run."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._lost: dict[str, list[str]] = {}
        self._later: list[tuple[float, int, Step]] = []
        self._count = 0

    def lost(self, step: Step, why: ProcessLost, log: Path) -> ProcessLost | None:
        """Takes a lost step up for another try; or gives the fault that it ends with, which names them all."""
        before = self._lost.setdefault(step.key, [])
        before.append(why.what)
        if len(before) <= self._retries.retries:
            delay = self._retries.backoff * 2 ** (len(before) - 1)
            heappush(self._later, (time.monotonic() + delay, self._count, step))
            self._count += 1
            return None
        earlier = [f"; the {_ordinal(place)} one that tried it: {what}" for place, what in enumerate(before[:-1])]
        hint = f"{why.hint}. " * bool(why.hint) + f"The step's log: {log}"
        return ProcessLost(why.what + "".join(earlier), where=why.where, hint=hint).at(step.title or step.key)

    def due(self) -> Iterable[Step]:
        """Steps whose time has come to be tried again."""
        while self._later and self._later[0][0] <= time.monotonic():
            yield heappop(self._later)[2]

    @property
    def next_in(self) -> float | None:
        """Seconds until a step is to be tried again; None where none is."""
        return max(0.0, self._later[0][0] - time.monotonic()) if self._later else None

    @property
    def waiting(self) -> list[Step]:
        """Lost steps that will be tried again."""
        return [step for _, _, step in self._later]


def _ordinal(place: int) -> str:
    return ("first", "second", "third")[place] if place < 3 else f"{place + 1}th"
