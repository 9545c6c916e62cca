"""Dynamics in a study: committees that hand over frames, trajectories as one batch, ends that are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from whet import InputError, Labels, MDEngine, Study
from whet.contracts.ports import FineTuning
from whet.dynamics.run import check_start
from whet.plugins.registry import registry
from whet.running.stored_step import StoredSteps
from whet.study.inspection import inspect
from whet.study.provenance import provenance

COMMITTEE = "strategies={active: {preset: periodic, rounds: 2, committee: 3, train_from: previous}}"


def test_a_committee_trains_drives_and_goes_on_by_member(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, [COMMITTEE])
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    first, second = study.plan.all(FineTuning)
    trained = [study.plan.steps[one.key].inputs["members"] for one in (first, second)]
    assert len(trained[0]) == len(trained[1]) == 3
    for before, after in zip(*trained, strict=True):
        assert study.plan.steps[after].inputs["start"] == (before,)
    seeds = {study.plan.steps[key].task.options["seed"] for key in trained[1]}
    assert len(seeds) == 3
    made = study.store.result(second.key).component
    assert made is not None and sorted(made.parts) == ["potential-1", "potential-2", "potential-3"]
    (driven,) = [step for step in study.plan.of_kind("md") if step.title == "main active 2: dynamics"]
    assert driven.inputs["potential"] == (first.key,)
    for frame in StoredSteps(study.store)[driven.key].frames():
        assert Labels.of(frame).extra["force_spread"].shape == (len(frame),)
    score = {s["potential"]: s["softening"]["scale"] for s in study.stored.scores if not s["correction"]}
    assert score["main active 2"] == pytest.approx(1.0, abs=0.15)
    # A committee of one is no committee: it is trained on all frames, as without the word.
    alone, plain = (
        Study.load(study_file, [COMMITTEE.replace(", committee: 3", word)]) for word in (", committee: 1", "")
    )
    assert not alone.plan.of_kind("bootstrap")
    assert [one.key for one in alone.plan.all(FineTuning)] == [one.key for one in plain.plan.all(FineTuning)]


def test_a_committee_is_reported(toy: None, study_file: Path) -> None:
    from whet import record_of, write_report

    study = Study.load(study_file, [COMMITTEE])
    study.run(workers=0)
    page = write_report(record_of(study.stored), study_file.parent / "report").read_text()
    assert "first of 3" in page


def test_its_spread_ends_a_trajectory_and_hands_over_the_frame(toy: None, study_file: Path) -> None:
    two = "potentials={main: toy, two: {use: committee, members: [toy, {use: toy, model: hard}]}}"
    rounds = "strategies={own: {of: [main], rounds: [{driver: foundation}, {driver: two}]}}"
    study = Study.load(study_file, [two, rounds, "dynamics.monitors={max_force_spread: 1.0e-3}"])
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    values = {step.title: study.store.result(step.key).values for step in study.plan.of_kind("md")}
    whole, ended = values["main own 1: dynamics"], values["main own 2: dynamics"]
    assert whole["end"] is None  # a single potential has no spread
    assert ended["end"]["monitor"] == "spread" and ended["end"]["keeps"]
    assert ended["times"][-1] == ended["end"]["time"] < 40.0
    (label,) = [step for step in study.plan.of_kind("label") if step.title == "main own 2: label"]
    assert study.store.result(label.key).values["labeled"] == ended["frames"]
    told = dict(study.stored.stopped)
    assert "the committee's forces differ by" in told["main own 2: dynamics"]
    (blind,) = [found for found in inspect(study).suspicious if "max_force_spread" in found]
    assert "has nothing to look at" in blind and "main own 1: dynamics" in blind and "main own 2" not in blind


def test_a_spread_that_no_driver_has_is_a_fault_of_the_file(toy: None, study_file: Path) -> None:
    file = study_file.read_text()
    words = "temperature: 100"
    assert words in file
    study_file.write_text(file.replace(words, f"{words}, monitors: {{max_force_spread: 0.5}}"))
    with pytest.raises(InputError, match=r"study\.yaml, line \d+, key dynamics\.monitors\.max_force_spread: no driver"):
        _ = Study.load(study_file).plan
    assert Study.load(study_file, [COMMITTEE]).plan.unwatched  # its first round has a single driver


def trajectories(study: Study) -> dict[str, list[np.ndarray]]:
    stored = StoredSteps(study.store)
    return {one.key: [frame.positions for frame in stored[one.key].frames()] for one in study.plan.of_kind("md")}


@pytest.mark.parametrize("workers", [0, 2])
def test_trajectories_as_one_batch_are_the_same_steps(
    toy: None, study_file: Path, tmp_path: Path, workers: int
) -> None:
    naive = ["strategies={naive: 3}", "self_generated.of=none"]
    single = Study.load(study_file, [*naive, f"store={tmp_path / 'single'}"])
    single.run(workers=0)
    batched = Study.load(study_file, [*naive, f"store={tmp_path / 'batched'}", "running.together=true"])
    account = batched.run(workers=workers)
    assert not account.failed, list(map(str, account.failed.values()))
    assert single.plan.steps.keys() == batched.plan.steps.keys()
    shared = [
        step.key
        for step in batched.plan.of_kind("md")
        if batched.store.result(step.key).provenance.get("together") == 3
    ]
    assert len(shared) == 3  # three rounds of the untouched potential
    one, other = trajectories(single), trajectories(batched)
    for key, frames in one.items():
        for a, b in zip(frames, other[key], strict=True):
            np.testing.assert_array_equal(a, b)


def test_one_that_cannot_run_does_not_stop_its_batch(
    toy: None, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    naive = ["strategies={naive: 3}", "self_generated.of=none", "running.together=true", "tests={}"]
    study = Study.load(study_file, naive)

    def choosy(engine: MDEngine, start: Atoms) -> None:
        check_start(engine, start)
        made.append(start)
        if len(made) in (2, 5):  # the second of the batch, and again when it is tried alone
            raise ValueError("this one is cursed")

    made: list[object] = []
    monkeypatch.setattr("whet.dynamics.run.check_start", choosy)
    account = study.run(workers=0)
    failed = [study.plan.steps[key].title for key in account.failed]
    assert len(failed) == 1 and failed[0].endswith("dynamics")
    assert sum(study.store.is_done(step.key) for step in study.plan.of_kind("md")) == 2


def test_a_run_that_ends_early_says_so(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, ["dynamics.monitors={max_temperature: 1.0}", "strategies={naive: 1}"])
    account = study.run(workers=0)
    assert account.failed
    assert all("before its first frame: at 0 fs: the temperature is" in str(fault) for fault in account.failed.values())
    ended = json.loads(json.dumps([str(fault) for fault in account.failed.values()]))
    assert all("limit 1 K" in one for one in ended)


def test_what_a_killed_run_lost_is_recorded_and_told(
    toy: None, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study.load(study_file, ["strategies={naive: 1}", "self_generated.of=none", "tests={}"])
    engine = registry().find("md_engines", "toy")
    monkeypatch.setattr(engine, "lost_on_resume", "its memory")
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_PATIENCE", 0.0)
    simulate = engine.simulation

    def once(self: Any, start: Any, potential: Any) -> Any:
        monkeypatch.setattr(engine, "simulation", simulate)
        made = simulate(self, start, potential)
        advance = made.advance

        def die(steps: int) -> None:
            if made._atoms.get_positions()[0, 0] != start.atoms.positions[0, 0]:
                raise KeyboardInterrupt
            advance(steps)

        made.advance = die
        return made

    monkeypatch.setattr(engine, "simulation", once)
    with pytest.raises(KeyboardInterrupt):
        study.run(workers=0)
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    assert "main naive 1: dynamics was killed and taken up again, without its memory." in provenance(study.stored).notes
