"""`whet store export`: what somebody else unpacks is a store of its own, with all of a study and nothing of others."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import whet as whet_itself
from in_process import whet
from pages import contents
from whet import (
    InputError,
    Labels,
    LevelOfTheory,
    Study,
    UnknownName,
    export_study,
    frame_key,
    read_frames,
    verify_store,
)
from whet.data.errors import StoreError
from whet.labels.label_store import LabelStore
from whet.study.study_file import rewritten

from .conftest import damage, fresh, killed, operations

LATE = LevelOfTheory("of-another-study", code="test")

READ = """
import sys, whet
study = whet.Study.open(sys.argv[1])
print(study.name, study.complete, len(study.scores))
assert not any(name.startswith("whet_toy") for name in sys.modules)
"""


def unpacked(path: Path, into: Path) -> Path:
    shutil.rmtree(into, ignore_errors=True)
    if path.suffix == ".zip":
        shutil.unpack_archive(path, into)
    else:
        shutil.unpack_archive(path, into, filter="data")
    (inside,) = into.iterdir()
    return inside


@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
def test_somebody_else_unpacks_it_and_reports(folder: Path, tmp_path: Path, suffix: str) -> None:
    mine = Study.load(folder / "study.yaml").stored
    archive = tmp_path / f"for-you{suffix}"
    said = whet("store", "export", folder / "study.yaml", archive).stdout
    assert f"{len(mine.stored.plan.steps)} steps" in said and "unpacks to toy/" in said
    theirs = unpacked(archive, tmp_path / "theirs")
    assert sorted(path.name for path in theirs.iterdir()) == [".whet", "README.md", "study.yaml"]
    assert verify_store(theirs / ".whet").is_whole
    study = Study.open(theirs / ".whet")
    assert study.scores == mine.scores and study.complete and study.content == mine.content
    whet("report", theirs / "study.yaml")
    whet("report", folder / "study.yaml")
    assert contents(theirs / "report") == contents(folder / "report")
    account = Study.load(theirs / "study.yaml").run(workers=0)  # where the plugin is, a run has nothing to do
    assert not account.ran and not account.failed


def test_it_needs_no_plugin(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_study(Study.open(folder / ".whet"), tmp_path / "a.tgz")
    theirs = unpacked(tmp_path / "a.tgz", tmp_path / "theirs")
    monkeypatch.setenv("PYTHONPATH", str(Path(whet_itself.__file__).parents[1]))
    line = [sys.executable, "-c", READ, theirs / ".whet"]
    assert subprocess.run(line, capture_output=True, text=True, check=True).stdout.startswith("toy True ")


def test_labels_that_the_study_did_not_use_stay_at_home(folder: Path, tmp_path: Path) -> None:
    store = LabelStore(folder / ".whet" / "labels.sqlite")
    frames = [frame for path in (folder / ".whet").glob("steps/label-*/labeled.frames") for frame in read_frames(path)]
    store.put(frames[0], LATE, Labels.of(frames[0]))
    other = frames[0].copy()
    other.positions += 0.01
    theory = store.theory("toy-hard")
    store.put(other, theory, Labels.of(frames[0]))
    said = export_study(Study.open(folder / ".whet"), tmp_path / "a.zip")
    theirs = LabelStore(unpacked(tmp_path / "a.zip", tmp_path / "theirs") / ".whet" / "labels.sqlite")
    assert theirs.keys(theory) == {frame_key(frame) for frame in frames} < store.keys(theory)
    assert not theirs.keys(LATE) and said.labels == len(theirs.keys(theory))
    assert set(theirs.rows) <= set(store.rows)  # bit for bit


def test_what_is_left_out_is_said_and_is_no_damage(folder: Path, tmp_path: Path) -> None:
    said = whet("store", "export", folder / "study.yaml", tmp_path / "a.zip", "--without", "fine-tune").stdout
    assert "left out: files of fine-tune" in said
    theirs = unpacked(tmp_path / "a.zip", tmp_path / "theirs")
    assert not list(theirs.glob(".whet/steps/fine-tune-*/fine-tuning"))
    assert "- fine-tune: " in (theirs / "README.md").read_text()
    found = verify_store(theirs / ".whet")
    assert found.is_whole and found.left_out == 1
    assert Study.open(theirs / ".whet").scores == Study.open(folder / ".whet").scores
    # An export of the export says so, too.
    again = export_study(Study.open(theirs / ".whet"), tmp_path / "b.zip")
    assert list(again.left_out) == ["fine-tune"]
    account = Study.load(theirs / "study.yaml").run(workers=0)
    assert [key.rpartition("-")[0] for key in account.ran] == ["fine-tune"] and not account.failed
    assert verify_store(theirs / ".whet").is_whole


def test_what_cannot_be_left_out(folder: Path, tmp_path: Path) -> None:
    study = Study.open(folder / ".whet")
    with pytest.raises(UnknownName, match="fine-tune"):
        export_study(study, tmp_path / "a.zip", without=["fine-tunes"])
    with pytest.raises(InputError, match="is an analysis"):
        export_study(study, tmp_path / "a.zip", without=["scores"])
    with pytest.raises(InputError, match="which kind of archive"):
        export_study(study, tmp_path / "a.rar")
    (tmp_path / "a.zip").write_text("mine")
    said = whet("store", "export", folder / "study.yaml", tmp_path / "a.zip", code=2).stderr
    assert "this is there already" in said and (tmp_path / "a.zip").read_text() == "mine"
    whet("store", "export", folder / "study.yaml", tmp_path / "a.zip", "--overwrite")
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_a_study_that_has_not_run(folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder / ".whet")
    assert "no result yet" in whet("store", "export", folder / "study.yaml", tmp_path / "a.zip", code=2).stderr
    assert not (tmp_path / "a.zip").exists()


def test_words_that_were_overridden_are_in_the_study_file(folder: Path, tmp_path: Path) -> None:
    """So that `whet report` finds the plan; the store's place is the archive's."""
    study = Study.load(folder / "study.yaml", ["name=other words"])
    study.run(workers=0)
    shutil.move(folder / ".whet", tmp_path / "elsewhere")
    words = ("--set", "name=other words", "--set", f"store={tmp_path / 'elsewhere'}")
    whet("store", "export", folder / "study.yaml", tmp_path / "a.zip", *words)
    theirs = unpacked(tmp_path / "a.zip", tmp_path / "theirs")
    text = (theirs / "study.yaml").read_text()
    assert theirs.name == "other-words" and "# so short that it hardly learns" in text
    assert "store: .whet" in text and str(tmp_path) not in text
    assert json.loads(whet("status", theirs / "study.yaml", "--json").stdout)["study"] == "other words"


def test_a_text_without_changes_stays_as_it_is(folder: Path) -> None:
    assert rewritten(folder / "study.yaml", []) == (folder / "study.yaml").read_text()


def test_what_is_damaged_is_not_handed_on(folder: Path, tmp_path: Path) -> None:
    draw = random.Random(3)
    names = ["steps/*/result.json", "steps/*/**/*.frames", "steps/*/findings.json", "steps/*/fine-tuning/*.json"]
    for _ in range(8):
        store = fresh(folder / ".whet", tmp_path / "damaged")
        path = draw.choice(sorted(store.glob(draw.choice(names))))
        damage(path, draw)
        try:
            said = export_study(Study.open(store), tmp_path / "a.zip", overwrite=True)
        except StoreError:
            assert not (tmp_path / "a.zip").exists()
            continue
        # A result that is gone is a step that has not run; or the change was one of spaces.
        assert said.unfinished == 1 or json.loads(path.read_bytes())
        assert verify_store(unpacked(tmp_path / "a.zip", tmp_path / "theirs") / ".whet").is_whole
        (tmp_path / "a.zip").unlink()


def test_a_damaged_label_is_not_handed_on(folder: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(folder / ".whet" / "labels.sqlite")) as database, database:
        database.execute("update labels set content = x'00'")
    with pytest.raises(StoreError, match=r"the label of the frame .* is damaged"):
        export_study(Study.open(folder / ".whet"), tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_killed_there_is_no_archive(folder: Path, tmp_path: Path) -> None:
    draw, out = random.Random(4), tmp_path / "a.tar.gz"
    study = Study.open(folder / ".whet")
    every = operations(lambda: export_study(study, out))
    whole = len(contents(unpacked(out, tmp_path / "theirs")))
    for _ in range(10):
        out.unlink(missing_ok=True)
        assert killed(lambda: export_study(study, out), draw.randrange(every))
        assert not out.exists() or len(contents(unpacked(out, tmp_path / "theirs"))) == whole
    export_study(study, out, overwrite=True)
    assert not [path for path in tmp_path.iterdir() if ".partial" in path.name]
