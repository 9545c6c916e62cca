"""naming: how whoever reads labels can say under which keys they stand, which hangs on the door they came in by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

Door = Literal["study", "command", "file"]
"""`study`: a study file, or Python, where there are keys. `command`: a command with --energy-key and the others.
`file`: none of them, so that only the file can be changed."""

_door: ContextVar[Door] = ContextVar("door", default="study")


@contextmanager
def named_by(door: Door) -> Iterator[None]:
    """What errors advise meanwhile, in this thread."""
    before = _door.set(door)
    try:
        yield
    finally:
        _door.reset(before)


def how_to_name(labels: Sequence[str] = ("energy", "forces")) -> str:
    """What to do where labels stand under unusual keys, or under two: the end of a sentence."""
    door = _door.get()
    if door == "command":
        return "name them: " + " and ".join(f"--{label}-key KEY" for label in labels)
    if door == "file":
        return "rename them in the file: " + " and ".join(f"REF_{label}" for label in labels)
    pairs = ", ".join(f"{label}: KEY" for label in labels)
    return f"name them: `keys: {{{pairs}}}` beside the file in the study file, `keys=` in Python"
