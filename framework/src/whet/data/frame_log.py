"""FrameLog: frames in a file that only grows; what was written stays readable whatever happens to the writer."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, overload

from whet.data.durable import replacing, unwritable
from whet.data.errors import FrameError
from whet.data.frames import FrameSet
from whet.data.packed import pack, unpack

if TYPE_CHECKING:
    from ase import Atoms

MAGIC = b"whet-frames 1\n\0\0"
"""First 16 bytes of the file; the number is the version of the format."""

RECORD = struct.Struct("<4sIQ")
"""Before each frame: `FRME`, CRC-32 of what follows, its length in bytes."""


class FrameLog(Sequence["Atoms"]):
    """Frames as a lazy sequence over a file: each is read when it is asked for, and equals what was appended.

    The file need not exist. A last frame that was torn (a crash, a full disk) does not count. Reading raises
    FrameError, with the file and the frame, where anything else is damaged; writing raises StoreError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: list[tuple[int, int]] = []
        self._end = 0
        self._scan()

    @overload
    def __getitem__(self, index: int) -> Atoms: ...
    @overload
    def __getitem__(self, index: slice) -> FrameSet: ...
    def __getitem__(self, index: int | slice) -> Atoms | FrameSet:
        if isinstance(index, slice):
            return FrameSet(self[place] for place in range(*index.indices(len(self))))
        place = range(len(self._places))[index]
        with self.path.open("rb") as file:
            return self._read(file, place)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Atoms]:
        if self._places:
            with self.path.open("rb") as file:
                for index in range(len(self._places)):
                    yield self._read(file, index)

    @property
    def is_torn(self) -> bool:
        """Whether the file ends in the middle of a frame."""
        return self.path.is_file() and self.path.stat().st_size > self._end

    def append(self, frame: Atoms) -> None:
        """Adds the frame at the end; a reader sees all of it or nothing."""
        content = pack(frame)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("r+b" if self.path.exists() else "w+b") as file:
                file.truncate(self._end)
                file.seek(self._end)
                start = b"" if self._end else MAGIC
                file.write(start + RECORD.pack(b"FRME", zlib.crc32(content), len(content)) + content)
        except OSError as error:
            raise unwritable(self.path, error) from error
        begin = self._end + len(start) + RECORD.size
        self._places.append((begin, len(content)))
        self._end = begin + len(content)

    def cut(self, count: int) -> None:
        """Forgets all frames but the first `count`."""
        if count < len(self._places):
            self._end = self._places[count][0] - RECORD.size if count else 0
            del self._places[count:]
            os.truncate(self.path, self._end)

    def sync(self) -> None:
        """Returns when everything that was appended is on the disk."""
        if self._places:
            with self.path.open("rb") as file:
                os.fsync(file.fileno())

    def _scan(self) -> None:
        """Finds where each frame lies; only the last one is read, to see whether it is whole."""
        if not self.path.is_file() or (size := self.path.stat().st_size) < len(MAGIC):
            return
        with self.path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise FrameError("this is not a file of frames that Whet wrote", where=str(self.path))
            self._end = len(MAGIC)
            while self._end + RECORD.size <= size:
                mark, _, length = RECORD.unpack(file.read(RECORD.size))
                begin = self._end + RECORD.size
                if mark != b"FRME" and mark.strip(b"\0"):
                    # Not torn: what follows may be whole, and must not be written over.
                    place = f"{self.path}, after frame {len(self._places) - 1}"
                    raise FrameError("the file is damaged", where=place, hint="Restore it from a copy")
                if begin + length > size or mark != b"FRME":
                    break
                self._places.append((begin, length))
                self._end = file.seek(begin + length)
            if self._places and not self._is_whole(file, len(self._places) - 1):
                begin, _ = self._places.pop()
                self._end = begin - RECORD.size

    def _is_whole(self, file: BinaryIO, index: int) -> bool:
        begin, length = self._places[index]
        file.seek(begin - RECORD.size)
        head, content = file.read(RECORD.size), file.read(length)
        return len(head) == RECORD.size and zlib.crc32(content) == RECORD.unpack(head)[1]

    def _read(self, file: BinaryIO, index: int) -> Atoms:
        place = f"{self.path}, frame {index}"
        if not self._is_whole(file, index):
            raise FrameError("the frame is damaged", where=place, hint="Restore the file from a copy")
        begin, length = self._places[index]
        file.seek(begin)
        try:
            return unpack(file.read(length))
        except (ValueError, KeyError, TypeError) as error:
            raise FrameError(f"the frame cannot be read ({error})", where=place) from error


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
