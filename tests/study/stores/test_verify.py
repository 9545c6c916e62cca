"""`whet store verify` finds whatever was damaged, names it, and the next run does what it promises."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from in_process import whet
from whet import Labels, Study, frame_key, read_frames, verify_store
from whet.data.theory import LevelOfTheory
from whet.labels.label_log import LabelLog
from whet.running.step import Step
from whet.running.store import Store
from whet.study.stored_plan import StoredPlan

from .conftest import damage, fresh

SOME = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def test_a_whole_store_is_whole(folder: Path) -> None:
    said = whet("store", "verify", folder / ".whet")
    assert "all whole" in said.stdout
    counted = json.loads(whet("store", "verify", folder / "study.yaml", "--json").stdout)
    assert counted["whole"] and counted["steps"] == len(Study.load(folder / "study.yaml").plan.steps)
    assert counted["labels"] == len(Store(folder / ".whet").labels.rows) > 0 and counted["plans"] == 1


def test_what_a_byte_did_is_found_and_the_next_run_mends_it(folder: Path) -> None:
    """The byte is changed so that neither size nor time tell: a run alone would not look into the file."""
    path = next((folder / ".whet").glob("steps/md-*/engine/trajectory.frames"))
    whole, about, key = path.read_bytes(), path.stat(), path.parts[-3]
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert not Study.load(folder / "study.yaml").run(workers=0).ran
    said = whet("store", "verify", folder / ".whet", code=2)
    assert key in said.stdout and "The next `whet run` of its study makes it anew" in said.stdout
    account = Study.load(folder / "study.yaml").run(workers=0)
    assert account.ran == [key] and path.read_bytes() == whole
    whet("store", "verify", folder / ".whet")


@pytest.mark.parametrize("how", ["cut", "gone"])
def test_a_run_alone_mends_a_recipe(folder: Path, how: str) -> None:
    path = next((folder / ".whet").glob("steps/md-*/step.json"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-40]) if how == "cut" else path.unlink()
    said = whet("store", "verify", folder / ".whet", code=2)
    assert "recipe: The next `whet run` of its study writes it anew." in said.stdout.splitlines()
    assert not Study.load(folder / "study.yaml").run(workers=0).ran
    assert path.read_bytes() == whole
    whet("store", "verify", folder / ".whet")


@SOME
@given(st.integers(0, 2**32))
def test_no_damage_goes_unseen(folder: Path, tmp_path: Path, seed: int) -> None:
    """What verify does not tell changes nothing that is read."""
    draw = random.Random(seed)
    store = fresh(folder / ".whet", tmp_path / "damaged")
    names = ["steps/*/step.json", "steps/*/result.json", "steps/*/**/*.frames", "steps/*/findings.json"]
    names += ["labels.sqlite", "plans/*.json", "steps/fine-tune-*/fine-tuning/*.json"]
    path = draw.choice(sorted(store.glob(draw.choice(names))))
    outcome = damage(path, draw)
    found = verify_store(store)
    inside = path.relative_to(store)
    if not found.is_whole:
        named = {part for one in found.damaged for part in (one.where, *one.where.split("/"))}
        kinds = {one.kind for one in found.damaged}
        expected = kinds <= {"label", "label-store"} if path.name == "labels.sqlite" else named & {*inside.parts[1:]}
        assert expected, (inside, outcome, found)
        return
    before = folder / ".whet" / inside
    if inside.parts[0] == "plans" and outcome == "gone":
        assert found.plans == 0
    elif path.name == "step.json":
        assert Step.from_json(json.loads(path.read_bytes())).key == inside.parts[1], outcome
    elif inside.parts[0] == "plans":
        assert list(StoredPlan.read(path).plan.steps) == list(StoredPlan.read(before).plan.steps), outcome
    elif path.name == "labels.sqlite":
        assert outcome == "gone" or list(Store(store).labels.rows) == list(Store(folder / ".whet").labels.rows), outcome
    elif path.name == "result.json":
        assert outcome == "gone" or json.loads(path.read_bytes()) == json.loads(before.read_bytes()), outcome
        assert outcome != "gone" or found.unfinished == 1
    else:
        pytest.fail(f"{inside}: {outcome}")


@settings(SOME, max_examples=10)
@given(st.integers(0, 2**32))
def test_a_half_deleted_step_is_done_again(folder: Path, tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    work = fresh(folder, tmp_path / "half")
    before = Study.load(work / "study.yaml").stored
    scores, content = before.scores, before.content
    step = draw.choice(sorted((work / ".whet" / "steps").iterdir()))
    files = sorted(path for path in step.rglob("*") if path.is_file())
    for path in draw.sample(files, draw.randint(1, len(files))):
        path.unlink()
    if draw.random() < 0.2:
        shutil.rmtree(step)
    verify_store(work / ".whet")
    study = Study.load(work / "study.yaml")
    account = study.run(workers=0)
    assert not account.failed and set(account.ran) <= {step.name}
    assert verify_store(work / ".whet").is_whole
    assert study.stored.scores == scores and study.stored.content == content


def test_damaged_labels_are_named_with_the_steps_that_used_them(folder: Path) -> None:
    store = Store(folder / ".whet")
    path = next(store.root.glob("steps/label-*/labeled.frames"))
    title = store.step(path.parent.name).title
    frame = read_frames(path)[0]
    with closing(sqlite3.connect(store.labels.path)) as database, database:
        database.execute("update labels set content = x'00' where frame = ?", (frame_key(frame),))
    said = json.loads(whet("store", "verify", store.root, "--json", code=2).stdout)
    (damaged,) = said["damaged"]
    assert damaged["kind"] == "label" and damaged["where"] == frame_key(frame)
    assert damaged["title"].startswith(f"{frame.get_chemical_formula()}, toy-hard") and title in damaged["used_by"]
    assert "Restore the file from a copy" in whet("store", "verify", store.root, code=2).stdout


def test_a_theory_that_nothing_describes(folder: Path) -> None:
    store = Store(folder / ".whet")
    with closing(sqlite3.connect(store.labels.path)) as database, database:
        database.execute("update theories set description = replace(description, 'toy-hard', 'toy-soft')")
    found = verify_store(store.root)
    assert {"label-store", "label"} == {one.kind for one in found.damaged}
    assert any("description of the theory" in one.what for one in found.damaged)


def test_labels_that_wait_in_the_log_of_a_killed_step(folder: Path) -> None:
    store = Store(folder / ".whet")
    path = next(store.root.glob("steps/label-*/labeled.frames"))
    (path.parent / "result.json").unlink()
    theory = LevelOfTheory("waits", code="test")
    log = LabelLog(path.parent / "labels.log", store.labels)
    for frame in read_frames(path):
        log.put(frame, theory, Labels.of(frame))
    (number,) = verify_store(store.root).waiting.values()
    assert number == len({frame_key(frame) for frame in read_frames(path)}) > 1
    content = bytearray((path.parent / "labels.log").read_bytes())
    content[200] ^= 1
    (path.parent / "labels.log").write_bytes(content)
    found = verify_store(store.root)
    assert [one.kind for one in found.damaged] == ["label-log"]
    assert "labels.log" in found.damaged[0].where and found.unfinished == 1


def test_partial_files_of_dead_writers_are_left_over(folder: Path) -> None:
    step = next((folder / ".whet" / "steps").iterdir())
    (step / ".result-abcdefgh.partial.json").write_text("half")
    (step / "labels-damaged-1.log").write_text("torn")
    found = verify_store(folder / ".whet")
    assert found.is_whole and {one.kind for one in found.leftovers} == {"partial-file", "damaged-log"}
    assert (step / ".result-abcdefgh.partial.json").exists()


def test_a_step_that_is_held_is_not_looked_at(folder: Path) -> None:
    store = Store(folder / ".whet")
    key = next((folder / ".whet" / "steps").iterdir()).name
    with store.locked(key):
        (store.folder(key) / "result.json").write_text("being written")
        assert verify_store(store.root).busy == [key] and verify_store(store.root).is_whole


def test_there_is_no_store(tmp_path: Path) -> None:
    said = whet("store", "verify", tmp_path / "nowhere", code=2)
    assert len(said.stderr.splitlines()) == 1 and "nowhere" in said.stderr
