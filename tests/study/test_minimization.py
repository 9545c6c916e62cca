"""Relaxations in a study: before dynamics, as test sets, in rounds; labels of their way are kept, failures are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from in_process import whet
from whet import Labels, Study
from whet.contracts.ports import LabeledFrames, Predictions, SampledTrajectory
from whet.contracts.ref import LABELER, Ref
from whet.data.errors import InputError
from whet.data.frame_identity import frame_key
from whet.running.stored_step import StoredSteps
from whet.study.provenance import warnings

ALONE = ["strategies={}", "self_generated={of: none}", "structures={use: toy, repeat: 1}"]
PACKINGS = "tests={packings: {sampler: minimize, driver: DRIVER, trajectories: 3, minimize: {fmax: 0.02}}}"


def largest(labels: Labels) -> float:
    return float(np.linalg.norm(labels.forces, axis=1).max())


def test_starts_are_relaxed_by_what_then_drives(toy: None, study_file: Path) -> None:
    words = ["strategies={periodic: 2}", "tests={dynamics: {trajectories: 1}}", "minimize={fmax: 0.02}", ALONE[-1]]
    study = Study.load(study_file, words)
    plan = study.plan
    runs = {step.title: step for step in plan.of_kind("md")}
    by = {title: plan.steps[step.inputs["start"][0]] for title, step in runs.items()}
    for title in ("main periodic 1: dynamics", "dynamics 1: dynamics", "main periodic 2: own trajectory"):
        relaxed, run = by[title], runs[title]
        assert relaxed.kind == "minimize"
        assert relaxed.inputs.get("potential") == run.inputs.get("potential")
        assert relaxed.components == {role: one for role, one in run.components.items() if role != "engine"}
    assert by["main periodic 2: dynamics"].kind == "md"  # it goes on, and is not relaxed on the way
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    stored = StoredSteps(study.store)
    for title, step in runs.items():
        begun = stored[step.inputs["start"][0]].frames()[-1]
        assert frame_key(stored[step.key].frames()[0]) == frame_key(begun)  # no equilibration: its first frame
        if by[title].kind == "minimize":
            assert largest(Labels.of(begun)) <= 0.02


def test_without_the_key_nothing_is_relaxed_and_no_key_moves(toy: None, study_file: Path) -> None:
    study = Study.load(study_file)
    assert not study.plan.of_kind("minimize")
    tested = Study.load(study_file, ["tests.packings={sampler: minimize, driver: foundation}"])
    assert {step.key for step in study.plan.of_kind("fine-tune")} == {s.key for s in tested.plan.of_kind("fine-tune")}
    assert {step.key for step in study.plan.of_kind("md")} == {step.key for step in tested.plan.of_kind("md")}


@pytest.mark.parametrize("driver", ["labeler", "foundation"])
def test_a_test_set_of_fresh_minima(toy: None, study_file: Path, driver: str) -> None:
    study = Study.load(study_file, [PACKINGS.replace("DRIVER", driver), *ALONE])
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    assert not study.plan.all(SampledTrajectory)  # no ensemble: it decides no slope, and is no time series
    pieces = study.plan.all(LabeledFrames, set="packings")
    assert [one.ref.trajectory for one in pieces] == [0, 1, 2]
    assert all(one.ref.sampled_by is None and one.ref.set_kind == "independent" for one in pieces)
    assert {one.ref.minimum_of for one in pieces} == {LABELER if driver == "labeler" else Ref("main")}
    (score,) = study.stored.scores  # whoever relaxed them, there is no slope to read
    assert score["softening"]["sampler"] == "minimum" and score["relative_force_rmse"] is None
    assert all(score["softening"][name] is None for name in ("scale", "r2", "inverse_slope", "curvature", "bounds"))
    assert score["forces"]["rmse"] > 0.002 and score["softening"]["units_of"] == "frames"
    found = study.stored.findings("minima")
    shown = [table.name for one in found for table in one.tables]
    assert shown == (["forces-at-minima"] if driver == "labeler" else [])
    stored = StoredSteps(study.store)
    (piece,) = study.plan.all(Predictions, set="packings")
    found = Predictions.read(stored[piece.key], piece.ref)
    assert len(found.reference) == len({frame_key(frame) for frame in found.reference}) == 3
    assert len(set(found.trajectories)) == 3  # each is a unit of its own
    # It is the driver that has no forces left at its minima.
    at_rest = found.reference if driver == "labeler" else found.predicted
    assert max(largest(Labels.of(frame)) for frame in at_rest) <= 0.02
    moved_by = {role for step in study.plan.of_kind("minimize") for role in step.components}
    assert moved_by == {"labeler" if driver == "labeler" else "potential"}
    # Each structure is one that nothing else starts from.
    starts = study.plan.of_kind("structure")
    assert len(starts) == 3 and all(step.task.options["index"] >= 100_000 for step in starts)


def test_a_round_labels_what_it_relaxed(toy: None, study_file: Path) -> None:
    how = "minimize: {fmax: 0.02, frames: 3}"
    rounds = f"[{{sampler: minimize, driver: foundation, trajectories: 2, {how}}}, {{start: last}}]"
    study = Study.load(study_file, [f"strategies={{packed: {rounds}}}", "tests={}", *ALONE[1:]])
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    pieces = study.plan.all(LabeledFrames, set_kind="training")
    stored = StoredSteps(study.store)
    assert [len(stored[one.key].frames()) for one in pieces] == [3, 3, 3]
    assert [one.ref.trajectory for one in pieces] == [0, 1, 1]
    assert [one.ref.sampled_by is None for one in pieces] == [True, True, False]
    (run,) = study.plan.of_kind("md")
    assert run.inputs["start"] == (study.plan.of_kind("minimize")[-1].key,)


def test_a_killed_relaxation_pays_no_label_twice(toy: None, study_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bought, deaths = study_file.parent / "bought.txt", study_file.parent / "deaths.txt"
    monkeypatch.setenv("WHET_TOY_BOUGHT", str(bought))
    monkeypatch.setenv("WHET_TOY_DEATHS", str(deaths))
    deaths.write_text("pass\npass\npass\n9")  # the process is killed at the fourth label
    words = [PACKINGS.replace("DRIVER", "labeler").replace("trajectories: 3", "trajectories: 1"), *ALONE]
    study = Study.load(study_file, words)
    account = study.run(workers=1)
    assert not account.failed, list(map(str, account.failed.values()))
    assert not deaths.read_text()
    (step,) = study.plan.of_kind("minimize")
    steps = StoredSteps(study.store)[step.key].values["steps"]
    assert steps > 4
    # Each frame of the path once, and the one at which the process died a second time; the minimum's label is there.
    assert len(bought.read_text().splitlines()) == steps + 1 + 1
    assert study.stored.labels == {"labeled": 1, "bought": 0, "dynamics": steps + 1 - 3}


def test_one_that_did_not_converge_is_told(toy: None, study_file: Path) -> None:
    words = ["tests={packings: {sampler: minimize, trajectories: 1, minimize: {steps: 2, fmax: 1.0e-5}}}", *ALONE]
    study = Study.load(study_file, words)
    assert not study.run(workers=0).failed
    ((title, how_far),) = study.stored.unrelaxed
    assert title == "packings 1: relax"
    assert how_far.startswith("not converged after 2 steps: the largest force is ")
    assert how_far.endswith("eV/Å (fmax 1e-05 eV/Å)")
    assert f"{title}: {how_far}." in warnings(study.stored)
    set_ = [word for override in words for word in ("--set", override)]
    assert f"{title}: {how_far}" in " ".join(whet("status", study_file, *set_).stdout.split())


@pytest.mark.parametrize(
    ("words", "key", "what"),
    [
        ("tests={a: {minimize: {fmax: 0.1}}}", "tests.a", "goes with `sampler: minimize`"),
        ("tests={a: {sampler: minimize, minimize: {frames: 3}}}", "tests.a", "a test evaluates minima alone"),
        ("tests={a: {file: x.extxyz, sampler: minimize}}", "tests.a", "`sampler` is for sampled frames"),
        ("strategies={a: [{minimize: {fmax: 0.1}}]}", "strategies.a.rounds.0", "goes with `sampler: minimize`"),
        (
            "strategies={a: [{sampler: minimize, selection: evenly}]}",
            "strategies.a.rounds.0",
            "goes with `sampler: md`",
        ),
        ("minimize={fmax: 0}", "minimize.fmax", "greater than 0"),
        ("minimize={optimizer: CG}", "minimize.optimizer", "'BFGS', 'FIRE' or 'LBFGS'"),
        ("minimize={force: 0.1}", "minimize.force", "unknown key"),
    ],
)
def test_faults_are_one_line(toy: None, study_file: Path, words: str, key: str, what: str) -> None:
    with pytest.raises(InputError) as caught:
        Study.load(study_file, [words])
    assert f"key {key}: " in str(caught.value) and what in str(caught.value) and "\n" not in str(caught.value)
