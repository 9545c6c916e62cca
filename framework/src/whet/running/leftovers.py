"""Leftover: what nobody needs any more, and nobody removes by himself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from whet.data.partials import dead_partials

PARTIAL = "partial-file"
DAMAGED_LOG = "damaged-log"
PRUNED = "pruned-step"

REMOVED = "removed"
"""Folder in a store: steps on their way out. What a removal that was killed left is in it."""

DAMAGED_LOGS = "damaged-logs"
"""Folder in a store: damaged label logs of steps that were pruned."""


@dataclass(frozen=True)
class Leftover:
    """kind: `partial-file` of a dead writer, `damaged-log` of labels, or `pruned-step` of a removal that was killed.

    size: bytes. written: s since 1970.
    """

    kind: str
    path: Path
    size: int
    written: float


def leftovers(root: Path) -> Iterator[Leftover]:
    """Those of a store."""
    for path in dead_partials(root):
        yield _leftover(PARTIAL, path)
    for path in sorted([*root.glob("steps/*/labels-damaged-*.log"), *root.glob(f"{DAMAGED_LOGS}/*.log")]):
        yield _leftover(DAMAGED_LOG, path)
    for path in sorted(root.glob(f"{REMOVED}/*")):
        yield _leftover(PRUNED, path)


def size_of(path: Path) -> int:
    """Bytes in a file, or in all files of a folder; links do not count."""
    if path.is_symlink():
        return 0
    if path.is_dir():
        return sum(size_of(inner) for inner in path.iterdir())
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _leftover(kind: str, path: Path) -> Leftover:
    return Leftover(kind, path, size_of(path), path.lstat().st_mtime)
