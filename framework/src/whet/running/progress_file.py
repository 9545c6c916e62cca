"""ProgressFile: where a step runs and how far it is, written by its worker into the step's folder, read by anybody."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from whet.data.loss_file import last_losses

NAME = "progress.json"

EVERY = 1.0
"""Seconds between two writings: the disk is shared by many."""


@dataclass(frozen=True)
class Progress:
    """host, pid: of the worker. began, said: s since 1970. done of total: as the task counts; total 0: not known.

    losses: of the last epoch, of a step that writes them into a file of their own (`loss.csv`).
    """

    host: str
    pid: int
    began: float
    said: float
    done: int = 0
    total: int = 0
    losses: Mapping[str, float] = field(default_factory=dict)


class ProgressFile:
    """Written at the beginning, and then once a second at the most. A disk that refuses costs only the progress."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._began = time.time()
        self._next = 0.0
        self(0, 0)

    def __call__(self, done: int, total: int) -> None:
        """Says how far the step is."""
        if (now := time.monotonic()) < self._next:
            return
        self._next = now + EVERY
        said = Progress(platform.node(), os.getpid(), self._began, time.time(), done, total)
        partial = self._path.with_name(f".{NAME}.{os.getpid()}")
        with suppress(OSError):
            partial.write_text(json.dumps({name: value for name, value in vars(said).items() if name != "losses"}))
            partial.replace(self._path)


def forget_progress(folder: Path) -> None:
    """Takes away what an earlier worker said, before the step is handed on again."""
    with suppress(OSError):
        (folder / NAME).unlink(missing_ok=True)


def read_progress(folder: Path) -> Progress | None:
    """What the step's last worker said; None where it said nothing that can be read."""
    try:
        if not (folder / NAME).is_file():
            return None
        said = Progress(**json.loads((folder / NAME).read_text()))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    kinds = (str, int, float, float, int, int)
    if said.losses or any(type(value) is not kind for value, kind in zip(vars(said).values(), kinds, strict=False)):
        return None
    return replace(said, losses=last_losses(folder))
