"""Files of frames that only grow: every bit comes back, a torn end costs one frame, damage is named."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from whet import FrameError, FrameLog, FrameSet, Labels, frame_key, read_frames, write_frames
from whet.data.errors import StoreError
from whet.data.packed import pack, unpack


def frame(index: int = 0) -> Atoms:
    random = np.random.default_rng(index)
    atoms = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    atoms.set_momenta(random.normal(size=(8, 3)))
    atoms.info["index"] = index
    stress = np.eye(3) * random.normal()
    return Labels(random.normal(), random.normal(size=(8, 3)), stress).attach(atoms)


def same(one: Atoms, other: Atoms) -> bool:
    return pack(one) == pack(other)


floats = st.floats(allow_nan=False, allow_infinity=False, width=64)
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@st.composite
def frames(draw: st.DrawFn) -> Atoms:
    n = draw(st.integers(1, 4))
    atoms = Atoms(
        numbers=draw(st.lists(st.integers(0, 118), min_size=n, max_size=n)),
        positions=draw(hnp.arrays(np.float64, (n, 3), elements=floats)),
        cell=draw(hnp.arrays(np.float64, (3, 3), elements=floats)),
        pbc=draw(st.tuples(st.booleans(), st.booleans(), st.booleans())),
    )
    if draw(st.booleans()):
        atoms.set_momenta(draw(hnp.arrays(np.float64, (n, 3), elements=floats)))
    if draw(st.booleans()):
        atoms.set_array("species", draw(hnp.arrays(np.int32, (n,))))
    atoms.info = draw(st.dictionaries(words, st.one_of(words, floats, st.integers(), st.booleans(), st.none())))
    return atoms


@settings(max_examples=100, deadline=None)
@given(frames())
def test_a_frame_comes_back_bit_for_bit(atoms: Atoms) -> None:
    back = unpack(pack(atoms))
    assert same(atoms, back)
    assert back.info == atoms.info and frame_key(back) == frame_key(atoms)
    assert sorted(back.arrays) == sorted(atoms.arrays)
    for name, array in atoms.arrays.items():
        assert back.arrays[name].dtype == array.dtype and back.arrays[name].flags.writeable


def test_labels_momenta_masses_and_constraints_are_kept(tmp_path: Path) -> None:
    atoms = frame(3)
    atoms.arrays["masses"] = np.arange(1.0, 9.0)
    atoms.set_constraint(FixAtoms([0, 4]))
    write_frames(tmp_path / "a.frames", [atoms])
    (back,) = read_frames(tmp_path / "a.frames")
    np.testing.assert_array_equal(back.get_velocities(), atoms.get_velocities())
    assert Labels.of(back).energy == Labels.of(atoms).energy
    np.testing.assert_array_equal(Labels.of(back).stress, Labels.of(atoms).stress)
    assert back.constraints[0].index.tolist() == [0, 4]


def test_a_file_torn_anywhere_keeps_what_is_whole_and_grows_on(tmp_path: Path) -> None:
    path = tmp_path / "a.frames"
    write_frames(path, [frame(index) for index in range(3)])
    whole = path.read_bytes()
    ends = [16 + sum(16 + len(pack(frame(index))) for index in range(count)) for count in range(4)]
    assert len(whole) == ends[-1]
    for length in [*range(40), *range(ends[1] - 3, len(whole), 97), *(end + by for end in ends for by in (-1, 0))]:
        path.write_bytes(whole[:length])
        log = FrameLog(path)
        assert len(log) == sum(end <= length for end in ends[1:])
        assert log.is_torn == (length not in ends and length != 0)
        log.append(frame(9))
        assert [one.info["index"] for one in read_frames(path)] == [*range(len(log) - 1), 9]


def test_a_last_frame_whose_bytes_never_reached_the_disk_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "a.frames"
    write_frames(path, [frame(0), frame(1)])
    content = bytearray(path.read_bytes())
    content[-200:] = bytes(200)  # as after a power cut: the size is there, the content is not
    path.write_bytes(content)
    assert [one.info["index"] for one in FrameLog(path)] == [0]
    with pytest.raises(FrameError, match=r"a\.frames: the file is cut off after frame 0"):
        read_frames(path)


def test_damage_in_the_middle_is_named_and_costs_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.frames"
    write_frames(path, [frame(index) for index in range(3)])
    content = bytearray(path.read_bytes())
    content[16 + 16 + len(pack(frame(0))) + 16 + 300] ^= 1
    path.write_bytes(content)
    log = FrameLog(path)
    assert (log[0].info["index"], log[2].info["index"], len(log)) == (0, 2, 3)
    with pytest.raises(FrameError, match=r"a\.frames, frame 1: the frame is damaged"):
        log[1]


def test_a_damaged_head_in_the_middle_is_no_torn_end(tmp_path: Path) -> None:
    path = tmp_path / "a.frames"
    write_frames(path, [frame(index) for index in range(3)])
    content = bytearray(path.read_bytes())
    content[16 + 16 + len(pack(frame(0)))] ^= 1
    path.write_bytes(content)
    with pytest.raises(FrameError, match=r"a\.frames, after frame 0: the file is damaged"):
        FrameLog(path)


def test_a_file_that_was_cut_meanwhile_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.frames"
    write_frames(path, [frame(index) for index in range(5)])
    log = FrameLog(path)
    FrameLog(path).cut(2)
    assert log[1].info["index"] == 1
    with pytest.raises(FrameError, match=r"frame 4: the frame is damaged"):
        log[4]


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.frames"
    path.write_text("Lattice and more than sixteen bytes of it")
    with pytest.raises(FrameError, match="not a file of frames that Whet wrote"):
        FrameLog(path)


def test_frames_are_read_only_when_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.frames"
    write_frames(path, [frame(index) for index in range(5)])
    read: list[bytes] = []

    def spied(content: bytes) -> Atoms:
        read.append(content)
        return unpack(content)

    monkeypatch.setattr("whet.data.frame_log.unpack", spied)
    found = read_frames(path)
    assert isinstance(found, FrameSet) and len(found) == 5 and not read
    assert found[3].info["index"] == 3 and len(read) == 1
    assert [one.info["index"] for one in found[-2:]] == [3, 4] and len(read) == 3


def test_cutting_forgets_the_rest(tmp_path: Path) -> None:
    log = FrameLog(tmp_path / "a.frames")
    for index in range(4):
        log.append(frame(index))
    log.cut(2)
    assert [one.info["index"] for one in FrameLog(log.path)] == [0, 1]
    log.cut(0)
    log.append(frame(7))
    log.sync()
    assert [one.info["index"] for one in FrameLog(log.path)] == [7]


def _append_for_ever(path: str, begun: Any) -> None:
    log = FrameLog(Path(path))
    index = 0
    while True:
        log.append(frame(index))
        index += 1
        begun.set()


@pytest.mark.parametrize("seconds", [0.01, 0.05, 0.13])
def test_a_writer_that_is_killed_leaves_whole_frames(seconds: float, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    begun = context.Event()
    writer = context.Process(target=_append_for_ever, args=(str(tmp_path / "a.frames"), begun))
    writer.start()
    assert begun.wait(20) and writer.pid
    time.sleep(seconds)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    log = FrameLog(tmp_path / "a.frames")
    assert len(log) > 0
    assert all(same(one, frame(index)) for index, one in enumerate(log))


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        FrameLog(tmp_path / "file" / "a.frames").append(frame())
