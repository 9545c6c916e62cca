"""given_structures: what a user's file holds, bare: of it a source makes others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from whet.data.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

NO_LONGER_TRUE = ("sampled_by", "trajectory", "time")
"""What the info of a frame says that is not true of one that is made of it."""


def given_structures(path: Path) -> list[Atoms]:
    """Each structure of a file or folder, without labels, constraints and its origin. FrameError for a damaged one."""
    from whet.data.labels import without_labels
    from whet.plugins.frame_files import read_structures

    found = [without_labels(frame) for frame in read_structures(path)]
    for frame in found:
        frame.set_constraint()
        for name in NO_LONGER_TRUE:
            frame.info.pop(name, None)
    return found


def repeated(frame: Atoms, repeat: tuple[int, int, int], place: int, path: Path) -> Atoms:
    """Copies along the cell's vectors. InputError where there would be several along one that is not periodic.

    place: which structure of the file at `path` it is, from 0, for the error.
    """
    if any(count > 1 and not periodic for count, periodic in zip(repeat, frame.pbc, strict=True)):
        what = f"repeat {list(repeat)} along a direction in which structure {place + 1} is not periodic"
        raise InputError(what, where=str(path), hint="Give 1 there")
    return frame.repeat(repeat)


def distinct(frames: list[Atoms]) -> list[Atoms]:
    """Without those that stand there a second time, so that each number of a source is another structure."""
    from whet.data.frame_identity import frame_key

    found: dict[str, Atoms] = {}
    for frame in frames:
        found.setdefault(frame_key(frame), frame)
    return list(found.values())


def check_index(index: int, count: int) -> None:
    """InputError for a structure that a source of `count` has not."""
    if not 0 <= index < count:
        raise InputError(f"there is no structure {index}", hint=f"The source has {count}, the first is 0")
