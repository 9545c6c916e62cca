"""salvage: whole records of a file that is damaged, wherever they lie in it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

RECORD = struct.Struct("<4sIQ")
"""Before each record: a mark, CRC-32 of what follows, its length in bytes."""


def salvage(content: bytes, mark: bytes, begin: int = 0) -> Iterator[bytes | range]:
    """In order, each record from byte `begin` on that is whole, and each stretch of bytes between them that is none.

    A stretch at the end that a crash may have left, of a record that was being written, is no damage and left out.
    """
    place = lost = begin
    while (place := content.find(mark, place)) >= 0:
        if (record := _record(content, place)) is None:
            place += 1
            continue
        if place > lost:
            yield range(lost, place)
        yield record
        place = lost = place + RECORD.size + len(record)
    if lost < len(content) and not _is_torn(content, mark, lost):
        yield range(lost, len(content))


def holds_records(content: bytes, mark: bytes) -> bool:
    """Whether there is any whole record in these bytes."""
    return any(isinstance(one, bytes) for one in salvage(content, mark))


def _record(content: bytes, place: int) -> bytes | None:
    head = content[place : place + RECORD.size]
    if len(head) < RECORD.size:
        return None
    _, crc, length = RECORD.unpack(head)
    found = content[place + RECORD.size : place + RECORD.size + length]
    return found if len(found) == length and zlib.crc32(found) == crc else None


def _is_torn(content: bytes, mark: bytes, place: int) -> bool:
    """Whether nothing but the beginning of a record is there, or zeros in place of what never reached the disk."""
    head = content[place : place + RECORD.size]
    if len(head) < RECORD.size:
        return mark.startswith(head[: len(mark)]) or not head.strip(b"\0")
    found, _, length = RECORD.unpack(head)
    if found != mark:
        return not content[place:].strip(b"\0")
    return place + RECORD.size + length > len(content) or content.endswith(b"\0" * 8)
