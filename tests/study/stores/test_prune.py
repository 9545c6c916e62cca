"""`whet store prune` removes what no study needs, and that alone; killed, it leaves each step whole or gone."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from in_process import whet
from whet import Labels, LevelOfTheory, Study, prune_store, read_frames, verify_store
from whet.data.errors import InputError, StoreError
from whet.labels.label_log import LabelLog
from whet.study.pruning import Pruning

from .conftest import fresh, killed, operations


@pytest.fixture
def edited(folder: Path) -> Path:
    """The study was run, changed, and run again: the first fine-tuning and what came of it is not needed now."""
    text = (folder / "study.yaml").read_text()
    (folder / "study.yaml").write_text(text.replace("epochs: 1", "epochs: 2"))
    assert not Study.load(folder / "study.yaml").run(workers=0).failed
    return folder


def pruning(folder: Path) -> Pruning:
    study = Study.load(folder / "study.yaml")
    return prune_store(study.store, [study.stored.stored])


def keys(folder: Path) -> set[str]:
    return {path.name for path in (folder / ".whet" / "steps").iterdir()}


def labels(folder: Path) -> list[tuple[str, str, bytes, str]]:
    return list(Study.load(folder / "study.yaml").store.labels.rows)


def test_listed_first_then_removed(edited: Path) -> None:
    needed = set(Study.load(edited / "study.yaml").plan.steps)
    before, bought = keys(edited), labels(edited)
    said = whet("store", "prune", edited / "study.yaml").stdout
    assert "Nothing was removed" in said and "fine-tune" in said and "which goes too: toy" in said
    assert keys(edited) == before > needed
    assert max(map(len, said.splitlines()[1:])) <= 80
    said = json.loads(whet("store", "prune", edited / "study.yaml", "--yes", "--json").stdout)
    assert {step["key"] for step in said["steps"]} == before - needed and said["removed"] and not said["stayed"]
    assert keys(edited) == needed and labels(edited) == bought
    assert len(list((edited / ".whet" / "plans").iterdir())) == 1
    assert verify_store(edited / ".whet").is_whole and not (edited / ".whet" / "removed").exists()
    assert not Study.load(edited / "study.yaml").run(workers=0).ran
    assert "0 not" in whet("store", "prune", edited / "study.yaml").stdout


def test_earlier_versions_are_kept_where_that_is_asked_for(edited: Path) -> None:
    said = json.loads(whet("store", "prune", edited / "study.yaml", "--keep-earlier", "--json").stdout)
    assert said["steps"] == [] and said["plans"] == {}


def test_studies_of_others_are_refused_by_name(edited: Path) -> None:
    (edited / "other.yaml").write_text((edited / "study.yaml").read_text().replace("name: toy", "name: theirs"))
    other = Study.load(edited / "other.yaml")
    other.stored.stored.write(other.store.root)
    said = whet("store", "prune", edited / "study.yaml", "--yes", code=2).stderr
    assert "others use the store: theirs" in said and len(said.splitlines()) == 1
    given = json.loads(whet("store", "prune", edited / "study.yaml", edited / "other.yaml", "--json").stdout)
    alone = json.loads(whet("store", "prune", edited / "study.yaml", "--all-others", "--json").stdout)
    assert "theirs" not in given["plans"].values() and "theirs" in alone["plans"].values()


def test_a_damaged_plan_is_somebody_s(edited: Path) -> None:
    (edited / ".whet" / "plans" / "0123.json").write_text("{")
    study = Study.load(edited / "study.yaml")
    with pytest.raises(InputError, match="a plan that is damaged"):
        prune_store(study.store, [study.stored.stored])


def test_a_damaged_plan_of_the_study_itself_is_in_nobody_s_way(edited: Path) -> None:
    study = Study.load(edited / "study.yaml")
    (study.store.root / "plans" / f"{study.stored.stored.words[:24]}.json").write_text("{")
    assert pruning(edited).steps and "a plan that is damaged" not in pruning(edited).plans.values()


def test_what_a_kept_step_reads_of_another_study_is_kept(edited: Path) -> None:
    """A model that this store made, given by its path to the study that is kept."""
    old = next(key for key in keys(edited) if key.startswith("fine-tune") and key in _unneeded(edited))
    study = Study.load(edited / "study.yaml")
    plan = study.stored.stored
    (role, placed), *_ = plan.roles.items()
    option = {**placed.component.options, "path": f"{study.store.root}/steps/{old}/fine-tuning/coefficients.json"}
    given = replace(placed, component=replace(placed.component, options=option))
    found = prune_store(study.store, [replace(plan, roles={**plan.roles, role: given})])
    assert old not in {step.key for step in found.steps} and found.steps


def _unneeded(folder: Path) -> set[str]:
    return {step.key for step in pruning(folder).steps}


def test_a_step_that_is_held_stays(edited: Path) -> None:
    found = pruning(edited)
    first = found.steps[0].key
    with found.store.locked(first):
        assert pruning(edited).busy == [first]
        assert found.remove() == [first]
    assert keys(edited) >= {first} and len(pruning(edited).steps) == 1


def test_a_study_that_is_run_meanwhile_stops_it(edited: Path) -> None:
    found = pruning(edited)
    study = Study.load(edited / "study.yaml", ["dynamics.temperature=120"])
    study.stored.stored.write(study.store.root)
    before = keys(edited)
    with pytest.raises(StoreError, match="a study was run in the store meanwhile"):
        found.remove()
    assert keys(edited) == before


def test_labels_in_a_log_go_into_the_label_store_first(edited: Path) -> None:
    found = pruning(edited)
    (step, *_) = found.steps
    frames = read_frames(next((edited / ".whet").glob("steps/label-*/labeled.frames")))
    log = LabelLog(found.store.folder(step.key) / "labels.log", found.store.labels)
    log.put(frames[0], LevelOfTheory("waits", code="test"), Labels.of(frames[0]))
    before = len(labels(edited))
    assert "1 label in logs of these steps" in whet("store", "prune", edited / "study.yaml", "--yes").stdout
    assert len(labels(edited)) == before + 1 and step.key not in keys(edited)


def test_leftovers_stay_until_they_are_named(edited: Path) -> None:
    needed = next(iter(Study.load(edited / "study.yaml").plan.steps))  # one that goes would take its leftovers along
    step = edited / ".whet" / "steps" / needed
    partial, log = step / ".result-abcdefgh.partial.json", step / "labels-damaged-1.log"
    partial.write_text("half")
    log.write_text("torn")
    study = edited / "study.yaml"
    assert "left over: " in whet("store", "prune", study, "--yes").stdout and partial.exists() and log.exists()
    whet("store", "prune", study, "--yes", "--also", "partial-file")
    assert not partial.exists() and log.exists()
    whet("store", "prune", study, "--yes", "--also", f"steps/{step.name}/{log.name}")
    assert not log.exists()
    assert "names no leftover" in whet("store", "prune", study, "--also", "everything", code=2).stderr


def test_a_damaged_log_outlives_its_step(edited: Path) -> None:
    found = pruning(edited)
    (found.store.folder(found.steps[0].key) / "labels-damaged-1.log").write_text("torn")
    found.remove()
    (left,) = verify_store(edited / ".whet").leftovers
    assert left.kind == "damaged-log" and left.path.read_text() == "torn"


@pytest.mark.slow
def test_killed_at_any_moment_steps_are_whole_or_gone(edited: Path, tmp_path: Path) -> None:
    draw = random.Random(1)
    needed, bought = set(Study.load(edited / "study.yaml").plan.steps), labels(edited)
    every = operations(pruning(fresh(edited, tmp_path / "counted")).remove)
    work = tmp_path / "killed"
    for _ in range(20):
        fresh(edited, work)
        assert killed(pruning(work).remove, draw.randrange(every))
        assert keys(work) >= needed and labels(work) == bought
        assert not verify_store(work / ".whet").damaged
        pruning(work).remove()
        assert keys(work) == needed and labels(work) == bought
        assert not verify_store(work / ".whet").leftovers
    assert not Study.load(work / "study.yaml").run(workers=0).ran
