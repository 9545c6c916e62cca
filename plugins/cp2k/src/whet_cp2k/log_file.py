"""log_fault: what there is to say about a log of CP2K: it has energies, and no structure that they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from whet import Failure, Recorded

MARKS = (b" CP2K|", b"ENERGY| Total FORCE_EVAL")
"""What stands in the beginning of a log, and of what people cut out of one."""


def begins_log(head: bytes) -> bool:
    """Whether bytes are the beginning of a log."""
    return any(mark in head for mark in MARKS)


def log_fault(path: Path) -> Iterator[Recorded]:
    """One failure, with the way out."""
    way_out = "give positions and forces (PROJECT-pos-1.xyz, PROJECT-frc-1.xyz) as extended XYZ"
    yield Recorded(str(path), None, Failure(f"there is no frame in a log of CP2K: {way_out}", str(path)))
