"""WhetFrames: Whet's own files of frames, as one of the formats that a user may give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from whet.data.errors import FrameError
from whet.data.frame_log import MAGIC, FrameLog, write_frames
from whet.data.labels import Failure
from whet.data.recorded import Recorded
from whet.files.frame_format import FrameFormat, Named, ReadFrame
from whet.files.unit_system import UnitSystem

if TYPE_CHECKING:
    from ase import Atoms


class WhetFrames(FrameFormat):
    """A file of frames that Whet wrote. Of one that is still being written the frames that are there count."""

    name = "frames of Whet"
    rank = 0
    suffixes = (".frames",)
    structure_files = ("*.frames",)

    def recognizes(self, path: Path, head: bytes) -> bool:
        return head.startswith(MAGIC) or path.suffix == ".frames"

    def read(self, path: Path) -> Iterator[ReadFrame]:
        log = FrameLog(path)
        for index in range(len(log)):
            place = f"{path}, frame {index}"
            try:
                yield ReadFrame(place, log[index])
            except FrameError as error:
                error.where = ""
                yield ReadFrame(place, error)

    def records(self, path: Path, keys: Named, units: UnitSystem | None) -> Iterator[Recorded]:
        """Labels are asked for once they are all there: a frame that is torn is a fault."""
        yield from super().records(path, keys, units)
        if (log := FrameLog(path)).is_torn:
            failure = Failure("the file ends in the middle of the frame")
            yield Recorded(f"{path}, frame {len(log)}", None, failure)

    def keeps(self, path: Path) -> Set[Literal["labels", "identity"]]:
        return {"labels", "identity"}

    def write(self, path: Path, frames: Sequence[Atoms], indices: Sequence[int]) -> None:
        write_frames(path, frames)
