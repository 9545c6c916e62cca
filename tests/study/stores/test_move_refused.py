"""A move that is refused leaves no mark, one that was broken off can be taken back, and the old place says where to."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from in_process import whet
from pages import contents
from whet import Study, label_frames, move_store, verify_store
from whet.data.errors import StoreError
from whet.running import moving
from whet.running.move_cancelling import cancel_move
from whet.running.store import Store

from .conftest import fresh, killed, operations
from .test_move import told

PLAIN = '{\n "format": 2\n}\n'


@pytest.fixture
def two_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is moved goes to another disk."""
    monkeypatch.setattr(moving, "_on_one_disk", lambda source, target: False)


def unmarked(store: Path) -> None:
    """It is as if nobody had asked."""
    assert (store / "store.json").read_text() == PLAIN
    label_frames([], "toy", store)


def test_no_room_is_said_in_the_nearest_unit_and_leaves_no_mark(
    folder: Path, tmp_path: Path, two_disks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = folder / ".whet"
    before, target = told(store), tmp_path / "small" / "st"
    size = sum(len(content) for name, content in contents(store).items() if not name.endswith((".lock", "store.json")))
    assert 100_000 < size < 900_000
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=12_345))
    said = whet("store", "move", store, target, code=2)
    hint = "Free some space, or `whet store prune` first"
    what = f"{size / 1000:.0f} kB are to be copied, and 12 kB are free"
    assert said.faults == [f"whet: {target}: {what}. {hint}"]
    assert not (tmp_path / "small").exists() and told(store) == before
    unmarked(store)
    monkeypatch.undo()
    whet("store", "move", store, tmp_path / "large")


@pytest.mark.parametrize("disks", ["one", "two"])
@pytest.mark.parametrize("where", ["/proc/whet", "file/st"])
def test_a_place_that_cannot_be_written_leaves_no_mark(
    folder: Path, tmp_path: Path, disks: str, where: str, request: pytest.FixtureRequest
) -> None:
    if disks == "two":
        request.getfixturevalue("two_disks")
    (tmp_path / "file").write_text("mine")
    before = told(folder / ".whet")
    assert "cannot be written" in whet("store", "move", folder / ".whet", tmp_path / where, code=2).stderr
    assert told(folder / ".whet") == before
    unmarked(folder / ".whet")


def broken_off(store: Path, target: Path) -> None:
    """A move that a full disk ended when some files were copied."""

    def full(what: str, done: int, total: int) -> None:
        if what == "copied" and done == 5:
            raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        move_store(store, target, full)


@pytest.mark.parametrize("named", ["store", "copy"])
def test_a_move_is_taken_back(folder: Path, tmp_path: Path, two_disks: None, named: str) -> None:
    store, target = folder / ".whet", tmp_path / "new"
    before = told(store)
    broken_off(store, target)
    (target / "notes.txt").write_text("mine")
    refused = whet("store", "move", store, tmp_path / "other", code=2).stderr
    assert f"whet store move --cancel {store}" in refused
    said = whet("store", "move", "--cancel", store if named == "store" else target).stdout.splitlines()
    assert said == [
        f"{store}: the store stays here. 5 copied files removed from {target}.",
        f"stays where it is, as it is no copy: {target / 'notes.txt'}",
    ]
    assert told(store) == before and contents(target) == {"notes.txt": b"mine"}
    unmarked(store)
    assert "the store is not being moved" in whet("store", "move", "--cancel", store, code=2).stderr
    whet("store", "move", store, tmp_path / "other")


def test_it_is_taken_back_also_where_the_other_disk_is_gone(folder: Path, tmp_path: Path, two_disks: None) -> None:
    broken_off(folder / ".whet", tmp_path / "new")
    shutil.rmtree(tmp_path / "new")
    assert whet("store", "move", "--cancel", folder / ".whet").stdout == f"{folder / '.whet'}: the store stays here.\n"
    unmarked(folder / ".whet")


def test_what_was_copied_whole_is_not_taken_back(folder: Path, tmp_path: Path, two_disks: None) -> None:
    def full(what: str, done: int, total: int) -> None:
        if what == "removed":
            raise KeyboardInterrupt

    before, target = told(folder / ".whet"), tmp_path / "new"
    with pytest.raises(KeyboardInterrupt):
        move_store(folder / ".whet", target, full)
    said = whet("store", "move", "--cancel", folder / ".whet", code=2).stderr
    assert f"all was copied, and the store is {target} now" in said and told(target) == before


def test_killed_while_it_is_taken_back(folder: Path, tmp_path: Path, two_disks: None) -> None:
    draw, store, target = random.Random(3), tmp_path / "old", tmp_path / "new"
    before, every = told(folder / ".whet"), 0
    for number in range(5):
        shutil.rmtree(target, ignore_errors=True)
        fresh(folder / ".whet", store)
        broken_off(store, target)
        if not number:
            every = operations(lambda: cancel_move(store))
            continue
        killed(lambda: cancel_move(store), draw.randrange(every))
        assert {name: one for name, one in told(store).items() if ".partial" not in name} == before
        if (store / "store.json").read_text() != PLAIN:
            cancel_move(store)
        assert not target.exists() or not contents(target)
        unmarked(store)


def test_two_processes_do_not_move_at_once(folder: Path, tmp_path: Path) -> None:
    with moving.held_for_moving(folder / ".whet"):
        for more in ([tmp_path / "new"], ["--cancel"]):
            if more == ["--cancel"]:
                (folder / ".whet" / "store.json").write_text('{"format": 2, "moving_to": "/new", "move": "1"}')
            assert (
                "another process is moving the store" in whet("store", "move", folder / ".whet", *more, code=2).stderr
            )


@pytest.mark.parametrize("disks", ["one", "two"])
def test_the_old_place_says_where_the_store_went(
    folder: Path, tmp_path: Path, disks: str, request: pytest.FixtureRequest
) -> None:
    if disks == "two":
        request.getfixturevalue("two_disks")
    old, study, target = folder / ".whet", folder / "study.yaml", tmp_path / "far"
    whet("store", "move", old, tmp_path / "new")
    whet("store", "move", tmp_path / "new", target)
    what = f"{old}: the store was moved to {target}"
    hint = f"Write `store: {target}` in the study file; to begin anew here, remove {old / 'moved.json'}"
    for command in (["run"], ["status"], ["check"], ["report"]):
        (fault,) = whet(*command, study, code=2).faults
        assert f"{study}, key store: {what}. {hint}" in fault
    for command in (
        ["store", "verify", old],
        ["labels", "list", "--store", old],
        ["store", "move", old, tmp_path / "x"],
    ):
        (fault,) = whet(*command, code=2).faults
        assert f"{what}. {hint}" in fault
    for use in (Store(old).prepare, lambda: Study.open(old)):
        with pytest.raises(StoreError, match="the store was moved to"):
            use()
    assert [*contents(old)] == ["moved.json"], "nothing was begun there"
    assert not Study.load(study, [f"store={target}"]).run(workers=0).ran
    (old / "moved.json").unlink()
    assert Study.load(study).run(workers=0).ran, "a new store"
    assert verify_store(old).is_whole and verify_store(target).is_whole
