"""WatchView: a run on a terminal, live: what runs where and how far, the counts, the time left, the last events."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from whet.data.errors import WhetError
from whet.data.loss_file import said_losses
from whet.data.numbers import duration
from whet.running.event_log import EventReader, Happened, event_logs
from whet.running.events import (
    LabelsDamaged,
    LabelsKept,
    RunWaits,
    StepDamaged,
    StepElsewhere,
    StepEnded,
    StepFailed,
    StepLost,
    StepReused,
)
from whet.running.progress_file import Progress, read_progress
from whet.running.run_state import RunState, StepAtWork
from whet.running.step import Step
from whet.study.study_state import TimeLeft

ROWS, EVENTS = 10, 5
"""Running steps, and events, that are shown at the most; fewer on a low terminal."""

AGAIN = 10.0
"""Seconds between two estimates of the time left."""


class WatchView:
    """A table on standard error, while it is entered, made from the run's event log and its workers' progress files.

    time_left: how long the rest takes, or None where that is not known; asked for now and then.
    """

    def __init__(
        self,
        store: Path,
        steps: int,
        done: int,
        *,
        time_left: Callable[[], TimeLeft | None] = lambda: None,
        console: Console | None = None,
    ) -> None:
        self._store, self._steps, self._before = store, steps, done
        self._time_left = time_left
        self._left: tuple[float, TimeLeft | None] = (0.0, None)
        self._console = console or Console(stderr=True, highlight=False, markup=False)
        self._began = time.time()
        self._reader: EventReader | None = None
        self._state = RunState()
        self._live = Live(get_renderable=self.table, console=self._console, refresh_per_second=2, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def began(self, step: Step) -> None:
        """Says nothing: the event log does."""

    def progress(self, step: Step, done: int, total: int) -> None:
        """Says nothing: the worker's file does."""

    def ended(self, step: Step, fault: WhetError | None, seconds: float) -> None:
        """Failures stay on the screen."""
        if fault is not None:
            self._live.console.print(f"failed: {fault}", soft_wrap=True)

    def table(self) -> RenderableType:
        """What is seen at this moment."""
        self._read()
        return Group(*self._parts())

    def _read(self) -> None:
        if self._reader is None:
            mine = f"-{platform.node()}-{os.getpid()}.jsonl"
            path = next((one for one in event_logs(self._store)[:5] if one.name.endswith(mine)), None)
            if path is None:
                return
            self._reader = EventReader(path)
        # A second run of the same process may go on in the file of the first.
        self._state.take(one for one in self._reader.new() if one.time >= self._began - 1)

    def _parts(self) -> Iterator[RenderableType]:
        state = self._state
        at_work = list(state.submitted.values())
        done = self._before + state.done
        failed = len(state.failed)
        waiting = max(0, self._steps - done - len(at_work) - failed)
        height = self._console.height
        rows, events = min(ROWS, max(2, height - 12)), min(EVENTS, max(1, height - 8))
        told = {one.key: read_progress(self._store / "steps" / one.job) for one in at_work[:rows]}
        running = sum(bool(one.host) or told.get(one.key) is not None for one in at_work)
        handed_on = f", {len(at_work) - running} handed on" if len(at_work) > running else ""
        counts = f"{done} of {self._steps} done, {running} running{handed_on}, {waiting} waiting, {failed} failed"
        labels = f"; {state.labels} labels kept" if state.labels else ""
        yield Text(counts + labels)
        yield Text(self._clocks())
        if at_work:
            yield Text()
            yield self._running(at_work[:rows], told)
            if len(at_work) > rows:
                yield Text(f"… and {len(at_work) - rows} more")
        said = [line for one in state.recent if (line := self._said(one))][-events:]
        if said:
            yield Text()
            for line in said:
                yield Text(line, overflow="ellipsis", no_wrap=True)

    def _clocks(self) -> str:
        """How long it has taken, and will take."""
        now = time.monotonic()
        if now >= self._left[0]:
            left = self._time_left()
            # An estimate for thousands of steps takes a while, which the driver is not to feel.
            self._left = (time.monotonic() + max(AGAIN, 20 * (time.monotonic() - now)), left)
        _, left = self._left
        spent = f"{duration(time.time() - self._began)} so far"
        if left is None:
            return f"{spent}; how long the rest takes is not known"
        time_left = duration(max(left.seconds, 0.1))
        if not left.unmeasured:
            return f"{spent}, about {time_left} left"
        others = sum(left.unmeasured.values())
        return f"{spent}, {time_left} left for the steps that can be judged, not for {others} others"

    def _running(self, at_work: list[StepAtWork], told: Mapping[str, Progress | None]) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        table.add_column("running", no_wrap=True, overflow="ellipsis", max_width=40)
        table.add_column("on", no_wrap=True, overflow="ellipsis", max_width=14)
        table.add_column("for", justify="right", no_wrap=True)
        table.add_column("so far", no_wrap=True, overflow="ellipsis")
        for one in at_work:
            said = told[one.key]
            host = said.host if said is not None else one.host or "–"
            since = said.began if said is not None else one.since
            share = f"{said.done} of {said.total} ({100 * said.done // said.total} %)" if said and said.total else ""
            losses = said_losses(said.losses) if said else ""
            shown = ", ".join(filter(None, [share, losses]))
            table.add_row(one.title or one.key, host, duration(max(0.0, time.time() - since)), shown)
        return table

    def _said(self, happened: Happened) -> str:
        """A line on an event that is worth one."""
        event, titles = happened.event, self._state.titles
        match event:
            case StepEnded():
                what = f"done: {titles.get(event.step, event.step)} ({duration(event.seconds)})"
            case StepFailed():
                what = f"failed: {event.why}"
            case StepLost():
                again = "is tried again" if event.again else "is given up"
                what = f"lost, and {again}: {titles.get(event.step, event.step)}: {event.why}"
            case StepElsewhere():
                what = f"held by another process: {event.title or event.step}"
            case RunWaits():
                what = str(event)
            case StepReused():
                what = f"done by another process: {titles.get(event.step, event.step)}"
            case LabelsKept():
                what = f"{event.labels} labels of {titles.get(event.step, event.step)} are kept"
            case StepDamaged() | LabelsDamaged():
                what = f"damaged: {titles.get(event.step, event.step)}: {event.damage}"
            case _:
                return ""
        return f"{time.strftime('%H:%M:%S', time.localtime(happened.time))}  {what}"
