"""RecordLog: records in a file that only grows; what was written stays readable whatever befalls its writer."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from whet.data.durable import unwritable
from whet.data.errors import FrameError
from whet.data.record_salvage import RECORD, holds_records


class RecordLog:
    """magic: the first 16 bytes of the file. mark: four letters before each record.

    The file need not exist. A last record that was torn (a crash, a full disk) does not count. Reading raises
    FrameError, with the file and the record, where anything else is damaged; writing raises StoreError. kind, noun:
    what the file and a record are called in errors.
    """

    def __init__(self, path: Path, magic: bytes, mark: bytes, *, kind: str, noun: str) -> None:
        self.path = path
        self._magic, self._mark, self._kind, self._noun = magic, mark, kind, noun
        self._places: list[tuple[int, int]] = []
        self._end = 0
        self._scan()

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> bytes:
        place = range(len(self._places))[index]
        with self.path.open("rb") as file:
            return self._read(file, place)

    def __iter__(self) -> Iterator[bytes]:
        if self._places:
            with self.path.open("rb") as file:
                for index in range(len(self._places)):
                    yield self._read(file, index)

    @property
    def is_torn(self) -> bool:
        """Whether the file ends in the middle of a record."""
        return self.path.is_file() and self.path.stat().st_size > self._end

    def append(self, content: bytes, *, durably: bool = False) -> None:
        """Adds a record at the end; a reader sees all of it or nothing. durably: it is on the disk on return."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("r+b" if self.path.exists() else "w+b") as file:
                file.truncate(self._end)
                file.seek(self._end)
                start = b"" if self._end else self._magic
                file.write(start + RECORD.pack(self._mark, zlib.crc32(content), len(content)) + content)
                if durably:
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as error:
            raise unwritable(self.path, error) from error
        begin = self._end + len(start) + RECORD.size
        self._places.append((begin, len(content)))
        self._end = begin + len(content)

    def cut(self, count: int) -> None:
        """Forgets all records but the first `count`."""
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
        """Finds where each record lies; only the last one is read, to see whether it is whole."""
        if not self.path.is_file() or (size := self.path.stat().st_size) < len(self._magic):
            return
        with self.path.open("rb") as file:
            if file.read(len(self._magic)) != self._magic:
                raise FrameError(f"this is not {self._kind} that Whet wrote", where=str(self.path))
            self._end = len(self._magic)
            while self._end + RECORD.size <= size:
                mark, _, length = RECORD.unpack(file.read(RECORD.size))
                begin = self._end + RECORD.size
                if mark != self._mark and mark.strip(b"\0"):
                    raise self._damaged()
                if begin + length > size or mark != self._mark:
                    break
                self._places.append((begin, length))
                self._end = file.seek(begin + length)
            if self._places and not self._is_whole(file, len(self._places) - 1):
                begin, _ = self._places.pop()
                self._end = begin - RECORD.size
            file.seek(self._end)
            if self._end < size and holds_records(file.read(), self._mark):
                raise self._damaged()

    def _damaged(self) -> FrameError:
        """What follows is no torn end: it may be whole, and must not be written over."""
        place = f"{self.path}, after {self._noun} {len(self._places) - 1}"
        return FrameError("the file is damaged", where=place, hint="Restore it from a copy")

    def _is_whole(self, file: BinaryIO, index: int) -> bool:
        begin, length = self._places[index]
        file.seek(begin - RECORD.size)
        head, content = file.read(RECORD.size), file.read(length)
        return len(head) == RECORD.size and zlib.crc32(content) == RECORD.unpack(head)[1]

    def _read(self, file: BinaryIO, index: int) -> bytes:
        place = f"{self.path}, {self._noun} {index}"
        if not self._is_whole(file, index):
            raise FrameError(f"the {self._noun} is damaged", where=place, hint="Restore the file from a copy")
        begin, length = self._places[index]
        file.seek(begin)
        return file.read(length)
