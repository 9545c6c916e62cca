"""Labels in a step's log: whatever befalls the file, whole ones get into the label store, and damage is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from whet import Labels, LevelOfTheory, frame_key
from whet.data.errors import StoreError
from whet.data.record_salvage import RECORD
from whet.labels import label_log
from whet.labels.label_log import LabelLog, take_in
from whet.labels.label_store import LabelStore

THEORY = LevelOfTheory("toy-hard", code="toy", settings={"cutoff": 4.0})


def frame(index: int) -> Atoms:
    return bulk("Ar", a=5.0 + index / 10)


def labels(index: int) -> Labels:
    return Labels(-1.0 * index, np.zeros((1, 3)), np.eye(3) / 100)


def written(path: Path, count: int, theory: LevelOfTheory = THEORY) -> bytes:
    log = LabelLog(path, LabelStore(path.parent / "labels.sqlite"))
    for index in range(count):
        log.put(frame(index), theory, labels(index))
    return path.read_bytes()


def records(content: bytes) -> list[range]:
    """Where each record lies, head and all."""
    found, place = [], 16
    while place < len(content):
        _, _, length = RECORD.unpack(content[place : place + RECORD.size])
        found.append(range(place, place + RECORD.size + length))
        place = found[-1].stop
    return found


def kept(store: LabelStore, count: int = 9) -> set[int]:
    """Which labels are there; each is checked to be what was put."""
    found = {index for index in range(count) if (there := store.get(frame(index), THEORY)) is not None and there}
    for index in found:
        there = store.get(frame(index), THEORY)
        assert there is not None and there.energy == labels(index).energy
    return found


def test_a_log_torn_at_any_byte_keeps_what_is_whole(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole.log", 2)
    places = records(whole)
    assert len(places) == 4 and places[-1].stop == len(whole)
    store, path = LabelStore(tmp_path / "all.sqlite"), tmp_path / "labels.log"
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        found = [one for one in label_log._entries(label_log._salvaged(path), path, store) if isinstance(one, tuple)]
        assert [energy.energy for _, _, energy in found] == [
            labels(index).energy for index, place in enumerate(places[2:]) if place.stop <= length
        ]
    for length in (0, 7, 16, places[2].stop - 1, places[2].stop, places[2].stop + 3, len(whole) - 1):
        path.write_bytes(whole[:length])
        store = LabelStore(tmp_path / f"{length}.sqlite")
        expected = {index for index, place in enumerate(places[2:]) if place.stop <= length}
        assert take_in(path, store) == (len(expected), []), "a torn end is no damage"
        assert kept(store) == expected and not path.exists()


def test_a_worker_goes_on_behind_a_torn_end(tmp_path: Path) -> None:
    store, path = LabelStore(tmp_path / "labels.sqlite"), tmp_path / "labels.log"
    whole = written(path, 2)
    path.write_bytes(whole[:-5])
    log = LabelLog(path, store)
    assert log.keys(THEORY) == {frame_key(frame(0))} and log.get(frame(1), THEORY) is None
    log.put(frame(1), THEORY, labels(1))
    assert take_in(path, store) == (2, []) and kept(store) == {0, 1}


def test_one_flipped_bit_costs_one_label_at_most(tmp_path: Path) -> None:
    """At every byte of the file: every label but the one that was hit is read, and the damage is named."""
    whole = written(tmp_path / "whole.log", 3)
    path, store = tmp_path / "labels.log", LabelStore(tmp_path / "none.sqlite")
    places = records(whole)
    for at in range(len(whole)):
        content = bytearray(whole)
        content[at] ^= 1 << at % 8
        path.write_bytes(content)
        entries = list(label_log._entries(label_log._salvaged(path), path, store))
        found = [one[2].energy for one in entries if isinstance(one, tuple)]
        assert found == [labels(index).energy for index, place in enumerate(places[2:]) if at not in place], at
        damage = [str(one) for one in entries if not isinstance(one, tuple)]
        if len(found) == 3 or at not in places[-1]:  # a last one whose length was hit cannot be told from a torn one
            assert len(damage) == 1 and str(path) in damage[0], at


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_much_damage_costs_no_whole_label(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("log")
    path = folder / "labels.log"
    whole = written(path, 5)
    content, places = bytearray(whole), records(whole)
    for at in data.draw(st.lists(st.integers(places[2].start, len(whole) - 1), min_size=1, max_size=6)):
        content[at] = (content[at] + data.draw(st.integers(1, 255))) % 256
    path.write_bytes(content)
    same = [content[place.start : place.stop] == whole[place.start : place.stop] for place in places[2:]]
    sound = {index for index, is_same in enumerate(same) if is_same}
    store = LabelStore(folder / "labels.sqlite")
    new, damage = take_in(path, store)
    assert kept(store) == sound and new == len(sound)
    assert not path.exists()
    aside = list(folder.glob("labels-damaged-*.log"))
    assert len(aside) == bool(damage)
    if len(sound) < 5 and 4 in sound:
        assert damage, "what is lost before a whole label was hit by damage"


def test_a_log_whose_theory_is_damaged_is_read_with_the_help_of_the_store(tmp_path: Path) -> None:
    path, store = tmp_path / "labels.log", LabelStore(tmp_path / "labels.sqlite")
    content = bytearray(written(path, 2))
    first, second = records(bytes(content))[:2]
    content[first.stop - 3] ^= 1
    content[second.stop - 3] ^= 1
    path.write_bytes(content)
    assert take_in(path, store)[0] == 0, "nobody knows what theory it is"
    store.describe(THEORY)
    path.write_bytes(content)
    new, damage = take_in(path, store)
    assert new == 2 and kept(store) == {0, 1} and damage


@pytest.mark.parametrize("content", [b"", b"whet-la", b"something else of more than sixteen bytes", bytes(40)])
def test_a_file_that_is_no_log_is_put_aside(tmp_path: Path, content: bytes) -> None:
    path, store = tmp_path / "labels.log", LabelStore(tmp_path / "labels.sqlite")
    path.write_bytes(content)
    new, damage = take_in(path, store)
    assert new == 0 and not path.exists()
    assert bool(damage) == (content[:4] == b"some")


def test_taking_in_twice_changes_nothing(tmp_path: Path) -> None:
    path, store = tmp_path / "labels.log", LabelStore(tmp_path / "labels.sqlite")
    content = written(path, 3)
    assert take_in(path, store) == (3, [])
    path.write_bytes(content)  # as after a kill between the label store's commit and the removal
    assert take_in(path, store) == (0, [])
    assert take_in(path, store) == (0, [])
    assert kept(store) == {0, 1, 2}


def test_a_kill_before_the_removal_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, store = tmp_path / "labels.log", LabelStore(tmp_path / "labels.sqlite")
    written(path, 3)

    def killed(one: Path, missing_ok: bool = False) -> None:
        if one == path:
            raise KeyboardInterrupt
        one.rename(one.with_name("gone"))

    monkeypatch.setattr(Path, "unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        take_in(path, store)
    monkeypatch.undo()
    assert path.exists() and kept(store) == {0, 1, 2}
    assert take_in(path, store) == (0, []) and not path.exists()


def test_a_label_store_that_cannot_be_written_leaves_the_log_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, store = tmp_path / "labels.log", LabelStore(tmp_path / "labels.sqlite")
    content = written(path, 3)

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(LabelStore, "put_many", full)
    with pytest.raises(StoreError, match="full"):
        take_in(path, store)
    assert path.read_bytes() == content


def test_labels_of_two_theories_do_not_mix(tmp_path: Path) -> None:
    other = LevelOfTheory("other", hubbard_u={"Ar": 3.0, "Ne": 4.0})
    path, store = tmp_path / "labels.log", LabelStore(tmp_path / "labels.sqlite")
    log = LabelLog(path, store)
    log.put(frame(0), THEORY, labels(0))
    log.put(frame(0), other, labels(7))
    assert take_in(path, store) == (2, [])
    mine, theirs = store.get(frame(0), THEORY), store.get(frame(0), other)
    assert mine is not None and mine.energy == 0.0 and theirs is not None and theirs.energy == -7.0
