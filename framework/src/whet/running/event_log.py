"""EventLog: what happens in a run, one line of JSON each, as it happens: for people's own tools, and to look back."""

from __future__ import annotations

import json
import os
import platform
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from whet.data.identity import JSON


class EventLog:
    """A file of its own for each run, `runs/TIME-HOST-PID.jsonl` in the store. What cannot be written is left out.

    Every line has `time` (s since 1970) and `event`; the page on clusters lists the events and what each has beside.
    """

    def __init__(self, store: Path) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        self.path = store / "runs" / f"{stamp}-{platform.node()}-{os.getpid()}.jsonl"
        self._file: Any = None

    def __call__(self, event: str, **about: JSON) -> None:
        """Adds a line."""
        line = json.dumps({"time": round(time.time(), 3), "event": event, **about})
        with suppress(OSError):
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("a", encoding="utf-8")
            self._file.write(line + "\n")
            self._file.flush()

    def close(self, event: str, **about: JSON) -> None:
        """Adds a last line, unless there is none before it: a run that had nothing to do leaves nothing."""
        if self._file is not None:
            self(event, **about)
            with suppress(OSError):
                self._file.close()
