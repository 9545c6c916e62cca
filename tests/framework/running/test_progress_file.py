"""The progress file: anything but what a worker wrote is read as nothing; a disk that refuses costs nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whet.running.progress_file import NAME, Progress, ProgressFile, read_progress

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def is_sound(said: Progress | None) -> bool:
    if said is None:
        return True
    numbers = (said.pid, said.done, said.total)
    times = (said.began, said.said)
    return isinstance(said.host, str) and all(type(n) is int for n in numbers) and all(type(t) is float for t in times)


def test_what_a_worker_says_is_read(tmp_path: Path) -> None:
    with mock.patch("time.monotonic", side_effect=[0.0, 0.5, 1.5]):
        said = ProgressFile(tmp_path)
        first = read_progress(tmp_path)
        said(1, 10)
        assert read_progress(tmp_path) == first, "not more often than once a second"
        said(2, 10)
    last = read_progress(tmp_path)
    assert first is not None and last is not None
    assert (first.done, first.total, last.done, last.total, last.pid) == (0, 0, 2, 10, os.getpid())
    assert first.began == last.began <= last.said
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damage_is_read_as_nothing_or_as_a_progress(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    sound = json.dumps({"host": "node1", "pid": 4, "began": 1.5, "said": 2.5, "done": 3, "total": 9}).encode()
    content = bytearray(sound)
    match data.draw(st.sampled_from(["flip", "cut", "bytes", "json"])):
        case "flip":
            content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        case "cut":
            del content[data.draw(st.integers(0, len(content))) :]
        case "bytes":
            content = bytearray(data.draw(st.binary(max_size=60)))
        case _:
            content = bytearray(json.dumps({**json.loads(sound), "total": data.draw(json_values)}).encode())
    (folder / NAME).write_bytes(content)
    assert is_sound(read_progress(folder))


def test_none_where_there_is_none_and_a_disk_that_refuses_is_no_fault(tmp_path: Path) -> None:
    assert read_progress(tmp_path) is None
    ProgressFile(tmp_path / "there is no such folder")(1, 2)
    (tmp_path / NAME).mkdir()
    ProgressFile(tmp_path)
    assert read_progress(tmp_path) is None
