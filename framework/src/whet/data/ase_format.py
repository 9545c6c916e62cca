"""FRAMES: files of frames as a format of ASE: `ase.io.read("x.frames", index=":")`, `ase gui x.frames`.

ASE loads this module whenever it is imported, so this one imports nothing by itself that ASE has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ase.utils.plugins import ExternalIOFormat

if TYPE_CHECKING:
    from ase import Atoms

FRAMES = ExternalIOFormat(
    desc="Frames that Whet wrote", code="+S", module="whet.data.ase_format", ext="frames", magic=b"whet-frames 1\n"
)
"""What the entry point `whet-frames` of the group `ase.ioformats` names."""


def read_whet_frames(filename: str, index: slice = slice(None)) -> Iterator[Atoms]:
    """The frames at `index`, each read when it is asked for; one that is still being written does not count.

    Called by ASE. Raises FrameError where the file is damaged.
    """
    from whet.data.frame_log import FrameLog

    log = FrameLog(Path(filename))
    for place in range(*index.indices(len(log))):
        yield log[place]


def write_whet_frames(filename: str, images: Iterable[Atoms], append: bool = False) -> None:
    """Writes the frames, all or nothing, or appends them to those that are there. Called by ASE. Raises StoreError."""
    from whet.data.frame_log import FrameLog, write_frames

    if not append:
        write_frames(Path(filename), images)
        return
    log = FrameLog(Path(filename))
    for frame in images:
        log.append(frame)
    log.sync()
