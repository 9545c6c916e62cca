"""EventLog, read_events: what happens in a run, a line of JSON each, as it happens: for programs, and to look back."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from whet.running.events import Event, read_event


class EventLog:
    """A file of its own for each run, `runs/TIME-HOST-PID.jsonl` in the store. What cannot be written is left out.

    Every line has `time` (s since 1970), `event` (its word in `whet.running.events`) and the fields of that event.
    also: is told each event, too.
    """

    def __init__(self, store: Path, also: Callable[[Event], None] | None = None) -> None:
        self._also = also
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        self.path = store / "runs" / f"{stamp}-{platform.node()}-{os.getpid()}.jsonl"
        self._file: Any = None

    def __call__(self, event: Event) -> None:
        """Adds a line."""
        line = json.dumps({"time": round(time.time(), 3), **event.as_json()})
        with suppress(OSError):
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("a", encoding="utf-8")
            self._file.write(line + "\n")
            self._file.flush()
        if self._also is not None:
            self._also(event)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said so far."""
        return self._file is None

    def close(self, last: Event | None = None) -> None:
        """Adds a last line, unless there is none before it: a run that had nothing to do leaves nothing."""
        if self._file is not None:
            if last is not None:
                self(last)
            with suppress(OSError):
                self._file.close()


class Happened(NamedTuple):
    """An event, and when it was: s since 1970."""

    time: float
    event: Event


class EventReader:
    """Reads an event log while it may be written: each time what has come since."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._place = 0

    def new(self) -> Iterator[Happened]:
        """The events since the last time. A line that is not whole yet waits; one that makes no sense is left out.

        Where no regular file is there, nothing is: a device would be read for ever.
        """
        try:
            if not self.path.is_file():
                return
            with self.path.open("rb") as file:
                file.seek(self._place)
                content = file.read()
        except OSError:
            return
        whole = content.rfind(b"\n") + 1
        self._place += whole
        for line in content[:whole].splitlines():
            with suppress(ValueError, TypeError, KeyError, AttributeError):
                data = json.loads(line)
                if (event := read_event(data)) is not None:
                    yield Happened(float(data["time"]), event)


def read_events(path: Path) -> list[Happened]:
    """The events of a run, as far as they are written."""
    return list(EventReader(path).new())


def event_logs(store: Path) -> list[Path]:
    """The event logs of a store, the last run's first."""
    found: list[tuple[str, Path]] = []
    with suppress(OSError):
        found = [
            (entry.name, Path(entry.path)) for entry in os.scandir(store / "runs") if entry.name.endswith(".jsonl")
        ]
    return [path for _, path in sorted(found, reverse=True)]
