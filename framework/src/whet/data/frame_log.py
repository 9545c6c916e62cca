"""FrameLog: frames in a file that only grows; what was written stays readable whatever happens to the writer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

from whet.data.durable import replacing
from whet.data.errors import FrameError
from whet.data.frames import FrameSet
from whet.data.packed import pack, unpack
from whet.data.record_log import RecordLog

if TYPE_CHECKING:
    from ase import Atoms

MAGIC = b"whet-frames 1\n\0\0"
"""First 16 bytes of the file; the number is the version of the format."""


class FrameLog(Sequence["Atoms"]):
    """Frames as a lazy sequence over a file: each is read when it is asked for, and equals what was appended.

    The file need not exist. A last frame that was torn (a crash, a full disk) does not count. Reading raises
    FrameError, with the file and the frame, where anything else is damaged; writing raises StoreError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = RecordLog(path, MAGIC, b"FRME", kind="a file of frames", noun="frame")

    @overload
    def __getitem__(self, index: int) -> Atoms: ...
    @overload
    def __getitem__(self, index: slice) -> FrameSet: ...
    def __getitem__(self, index: int | slice) -> Atoms | FrameSet:
        if isinstance(index, slice):
            return FrameSet(self[place] for place in range(*index.indices(len(self))))
        place = range(len(self))[index]
        return self._unpacked(self._log[place], place)

    def __len__(self) -> int:
        return len(self._log)

    def __iter__(self) -> Iterator[Atoms]:
        for index, content in enumerate(self._log):
            yield self._unpacked(content, index)

    @property
    def is_torn(self) -> bool:
        """Whether the file ends in the middle of a frame."""
        return self._log.is_torn

    def append(self, frame: Atoms) -> None:
        """Adds the frame at the end; a reader sees all of it or nothing."""
        self._log.append(pack(frame))

    def cut(self, count: int) -> None:
        """Forgets all frames but the first `count`."""
        self._log.cut(count)

    def sync(self) -> None:
        """Returns when everything that was appended is on the disk."""
        self._log.sync()

    def _unpacked(self, content: bytes, index: int) -> Atoms:
        try:
            return unpack(content)
        except (ValueError, KeyError, TypeError) as error:
            raise FrameError(f"the frame cannot be read ({error})", where=f"{self.path}, frame {index}") from error


def write_frames(path: Path | str, frames: Iterable[Atoms]) -> None:
    """Writes a file of frames, all or nothing, durably; every float survives bit for bit. Raises StoreError."""
    with replacing(Path(path)) as partial:
        log = FrameLog(partial)
        for frame in frames:
            log.append(frame)


def read_frames(path: Path | str) -> FrameSet:
    """The frames that `write_frames` wrote, each read when it is asked for. FrameError where the file is damaged."""
    log = FrameLog(Path(path))
    if log.is_torn:
        hint = "FrameLog reads those before it"
        raise FrameError(f"the file is cut off after frame {len(log) - 1}", where=str(path), hint=hint)
    return FrameSet.lazily(log)
