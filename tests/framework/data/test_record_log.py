"""Logs of records: a torn end does not count, and whatever else is damaged is named and never written over."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whet import FrameError
from whet.data.record_log import RecordLog
from whet.data.record_salvage import RECORD, salvage

MAGIC = b"toy-records 1\n\0\0"
contents = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5)


def opened(path: Path) -> RecordLog:
    return RecordLog(path, MAGIC, b"TOYR", kind="a log of toys", noun="toy")


def written(path: Path, wanted: list[bytes]) -> bytes:
    path.unlink(missing_ok=True)
    log = opened(path)
    for one in wanted:
        log.append(one)
    return path.read_bytes()


def ends(wanted: list[bytes]) -> list[int]:
    found = [len(MAGIC)]
    for one in wanted:
        found.append(found[-1] + RECORD.size + len(one))
    return found


@settings(max_examples=30, deadline=None)
@given(contents)
def test_torn_at_every_byte_it_grows_on(tmp_path_factory: pytest.TempPathFactory, wanted: list[bytes]) -> None:
    path = tmp_path_factory.getbasetemp() / "a.log"
    whole, stops = written(path, wanted), ends(wanted)
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        log = opened(path)
        count = sum(stop <= length for stop in stops[1:])
        assert list(log) == wanted[:count]
        assert log.is_torn == (length not in (0, *stops))
        log.append(b"new")
        assert list(opened(path)) == [*wanted[:count], b"new"]


@settings(max_examples=60, deadline=None)
@given(contents, st.data())
def test_a_flipped_bit_is_named_or_costs_the_last_record(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[bytes], data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "b.log"
    content, stops = bytearray(written(path, wanted)), ends(wanted)
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    hit = sum(stop <= at for stop in stops) - 1
    if hit == len(wanted) - 1:
        try:
            assert list(opened(path)) == wanted[:-1]
        except FrameError as error:
            assert "damaged" in str(error)
        return
    with pytest.raises(FrameError, match=r"damaged|not a log of toys"):
        list(opened(path))
    if hit >= 0:
        sound = [one for one in salvage(bytes(content), b"TOYR", len(MAGIC)) if isinstance(one, bytes)]
        assert sound == wanted[:hit] + wanted[hit + 1 :]


def test_a_length_that_points_past_the_end_is_no_torn_end(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    content = bytearray(written(path, [b"one", b"two", b"three"]))
    content[ends([b"one"])[1] + 8 + 3] ^= 1  # 2 to the 24 bytes more
    path.write_bytes(content)
    with pytest.raises(FrameError, match=r"a\.log, after toy 0: the file is damaged"):
        opened(path)
    assert path.read_bytes() == content


@settings(max_examples=60, deadline=None)
@given(contents, st.binary(max_size=30), st.binary(max_size=30))
def test_whole_records_are_found_between_anything(wanted: list[bytes], before: bytes, between: bytes) -> None:
    import zlib

    packed = [RECORD.pack(b"TOYR", zlib.crc32(one), len(one)) + one for one in wanted]
    content = before + between.join(packed)
    found = list(salvage(content, b"TOYR"))
    assert [one for one in found if isinstance(one, bytes)] == wanted
    lost = [content[one.start : one.stop] for one in found if isinstance(one, range)]
    assert lost == [one for one in [before, *[between] * (len(wanted) - 1)] if one]
