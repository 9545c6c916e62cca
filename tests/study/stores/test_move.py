"""`whet store move`: nothing is lost, nothing is recomputed, and a kill at any moment is mended by the same command."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from in_process import whet
from pages import contents
from whet import Labels, LevelOfTheory, Study, label_frames, move_store, read_frames, verify_store
from whet.data.errors import InputError, StoreError
from whet.labels.label_store import LabelStore
from whet.running import moving, tree

from .conftest import fresh, killed, operations


@pytest.fixture
def two_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is moved goes to another disk."""
    monkeypatch.setattr(moving, "_on_one_disk", lambda source, target: False)


def told(store: Path) -> dict[str, bytes]:
    """What is in a store, but for locks, its marker, a note of a move and what runs said."""
    found = {name: content for name, content in contents(store).items() if not name.startswith("runs/")}
    return {name: found[name] for name in found if not name.endswith((".lock", "store.json", "moved.json"))}


@pytest.mark.parametrize("disks", ["one", "two"])
def test_a_moved_store_goes_on_with_nothing_recomputed(
    folder: Path, tmp_path: Path, disks: str, request: pytest.FixtureRequest
) -> None:
    if disks == "two":
        request.getfixturevalue("two_disks")
    before, score = told(folder / ".whet"), Study.load(folder / "study.yaml").stored.scores
    target = tmp_path / "disk" / "store"
    said = whet("store", "move", folder / ".whet", target).stdout
    assert f"Say `store: {target}` in\n  {folder / 'study.yaml'}\n" in said
    assert told(target) == before and [*contents(folder / ".whet")] == ["moved.json"]
    assert verify_store(target).is_whole
    account = Study.load(folder / "study.yaml", [f"store={target}"]).run(workers=0)
    assert not account.ran and not account.failed and account.reused
    assert Study.open(target).scores == score
    before = told(target)  # its plan says since then with which `--set` it was run
    back = json.loads(whet("store", "move", target, folder / ".whet", "--json").stdout)
    assert back["other_studies"] == [] and back["study_files"] == []  # the file says it already
    assert told(folder / ".whet") == before and [*contents(target)] == ["moved.json"]
    assert not (folder / ".whet" / "moved.json").exists()
    assert not Study.load(folder / "study.yaml").run(workers=0).ran


def test_times_are_kept(folder: Path, tmp_path: Path, two_disks: None) -> None:
    """By them a run knows which files it has to look into."""
    path = next((folder / ".whet").glob("steps/md-*/engine/trajectory.frames")).relative_to(folder / ".whet")
    when = (folder / ".whet" / path).stat().st_mtime_ns
    move_store(folder / ".whet", tmp_path / "new")
    assert (tmp_path / "new" / path).stat().st_mtime_ns == when


def test_killed_at_any_moment_the_same_command_goes_on(folder: Path, tmp_path: Path, two_disks: None) -> None:
    draw = random.Random(2)
    source, target = tmp_path / "old" / "store", tmp_path / "new" / "store"
    fresh(folder / ".whet", source)
    before = told(source)

    def move() -> None:
        move_store(source, target)

    every = operations(move)
    assert told(target) == before
    for _ in range(8):
        shutil.rmtree(target)
        fresh(folder / ".whet", source)
        for _ in range(3):
            if not killed(move, draw.randrange(every)):
                break
            is_moved = "moved_from" in _marker(target)
            is_marked = "moving_to" in _marker(source)
            assert told(target if is_moved else source) == before
            assert verify_store(target if is_moved else source).is_whole
            if is_marked or not _marker(source):
                _refuses(source)
            if is_marked and not is_moved:
                _refuses(target)
        move()
        assert told(target) == before and [*contents(source)] == ["moved.json"]


def test_renamed_and_killed(folder: Path, tmp_path: Path) -> None:
    source, target = folder / ".whet", tmp_path / "new"
    before = told(source)
    counted = fresh(source, tmp_path / "counted")
    every = operations(lambda: move_store(counted, tmp_path / "counted-new"))
    for at in range(0, every, max(1, every // 15)):
        work = tmp_path / "work-again"
        fresh(source, work)
        if killed(lambda work=work: move_store(work, target), at):
            there = told(target if _marker(target) else work)
            assert {name: there[name] for name in there if ".partial" not in name} == before
            if _marker(work) or "moving_to" in _marker(target):
                move_store(work, target)
        assert told(target) == before and [*contents(work)] == ["moved.json"] and list(_marker(target)) == ["format"]
        shutil.rmtree(target)


def _marker(store: Path) -> dict[str, object]:
    path = store / "store.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _refuses(store: Path) -> None:
    """Nobody can write into it."""
    if store.is_dir() and any(store.iterdir()):
        with pytest.raises(StoreError, match=r"being moved|is not whole|was moved to"):
            label_frames([], "toy", store)


def test_a_copy_that_the_disk_spoilt_is_made_again(
    folder: Path, tmp_path: Path, two_disks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, spoilt, copy = told(folder / ".whet"), [], tree.copy_file

    def spoil(source: Path, target: Path) -> None:
        copy(source, target)
        if target.name == "result.json" and len(spoilt) < 2:
            spoilt.append(target)
            content = bytearray(target.read_bytes())
            content[len(content) // 2] ^= 1
            target.write_bytes(content)

    monkeypatch.setattr(moving, "copy_file", spoil)
    move_store(folder / ".whet", tmp_path / "new")
    assert len(spoilt) == 2 and told(tmp_path / "new") == before


def test_a_disk_that_spoils_everything_gets_nothing(
    folder: Path, tmp_path: Path, two_disks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = told(folder / ".whet")

    def spoil(source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes()[:-1])

    monkeypatch.setattr(moving, "copy_file", spoil)
    with pytest.raises(StoreError, match="the copy is not what was copied"):
        move_store(folder / ".whet", tmp_path / "new")
    assert told(folder / ".whet") == before


@pytest.mark.parametrize("how", ["driver", "step"])
def test_a_store_in_use_stays(folder: Path, tmp_path: Path, how: str) -> None:
    study = Study.load(folder / "study.yaml")
    store = study.store
    key = next(iter(study.plan.steps))
    with store.at_work() if how == "driver" else store.locked(key):
        said = whet("store", "move", store.root, tmp_path / "new", code=2).stderr
    assert "the store is in use, by " in said and (key in said or how == "driver")
    assert not (tmp_path / "new").exists()
    store.prepare()  # and it can be used as before
    move_store(store.root, tmp_path / "new")


def test_labels_that_arrive_while_it_is_copied_are_not_lost(folder: Path, tmp_path: Path, two_disks: None) -> None:
    """Of somebody who uses the label store from Python, and holds nothing that a move could see."""
    store, theory = folder / ".whet", LevelOfTheory("late", code="test")
    (frame, *_) = read_frames(next(store.glob("steps/label-*/labeled.frames")))
    labels = LabelStore(store / "labels.sqlite")

    def late(what: str, done: int, total: int) -> None:
        if what == "compared" and done == total:
            labels.put(frame, theory, Labels.of(frame))

    with pytest.raises(StoreError, match="a label arrived"):
        move_store(store, tmp_path / "new", late)
    move_store(store, tmp_path / "new")
    assert LabelStore(tmp_path / "new" / "labels.sqlite").get(frame, theory) is not None


def test_who_still_has_the_old_label_store_cannot_write_into_it(folder: Path) -> None:
    labels = LabelStore(folder / ".whet" / "labels.sqlite")
    with labels.rows.retiring():
        pass
    with pytest.raises(StoreError, match="it was moved, with its store"):
        labels.keys(LevelOfTheory("PBE", code="test"))


def test_where_something_is_nothing_goes(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "thesis.tex").write_text("mine")
    before = told(folder / ".whet")
    for target, said in (
        (tmp_path / "there", "something is there already"),
        (folder / ".whet" / "inside", "into itself"),
        (folder / ".whet", "into itself"),
    ):
        with pytest.raises(InputError, match=said):
            move_store(folder / ".whet", target)
    with pytest.raises(InputError, match="there is no store"):
        move_store(tmp_path / "there", tmp_path / "new")
    assert told(folder / ".whet") == before and (tmp_path / "there" / "thesis.tex").read_text() == "mine"


def test_what_nobody_copied_stays(folder: Path, tmp_path: Path, two_disks: None) -> None:
    def late(what: str, done: int, total: int) -> None:
        if what == "removed" and done == 1:
            (folder / ".whet" / "notes.txt").write_text("mine")

    moved = move_store(folder / ".whet", tmp_path / "new", late)
    assert moved.left == (folder / ".whet" / "notes.txt",)
    assert (folder / ".whet" / "notes.txt").read_text() == "mine"
    _refuses(folder / ".whet")
