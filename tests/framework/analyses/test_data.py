"""data: what looks wrong is told once, by the name of its file; what is trained on and tested on is counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from analysis_inputs import dataset, found, frames_of, labeled_frames, own, rows, study
from whet.analyses.data import QUESTION, Data
from whet.contracts.ref import LABELER, Ref

NEAR = Ref(set="near", set_kind="independent")
TRAINED = Ref("main", "few", 1, 1, size=4)
SUSPICION = {"kind": "large-force", "what": "2 forces are above 50 eV/Å", "places": ["frame 3", "frame 7"]}


def test_what_looks_wrong_is_a_row_and_a_verdict(tmp_path: Path) -> None:
    findings = found(Data, tmp_path, labeled_frames(Ref(set="pool", set_kind="training"), frames_of(2), [SUSPICION]))
    said = "2 forces are above 50 eV/Å (frame 3, frame 7)"
    assert rows(findings, "suspicious") == [{"data": "pool", "suspicion": said}]
    (verdict,) = findings.verdicts
    assert (verdict.question, verdict.claim, verdict.units) == (QUESTION, f"pool: {said}", None)
    assert verdict.prominent


def test_sound_data_is_said_aside(tmp_path: Path) -> None:
    findings = found(Data, tmp_path, labeled_frames(NEAR, frames_of(2)), dataset(TRAINED, frames_of(4, seed=50)))
    (verdict,) = findings.verdicts
    assert verdict.claim == "nothing looks wrong"
    assert not verdict.prominent
    assert rows(findings, "suspicious") == []


def test_frames_that_are_trained_on_and_tested_on_are_counted(tmp_path: Path) -> None:
    """Frames 2 and 3 of the set are in the training data, frame 1 is in the validation data."""
    data = dataset(TRAINED, frames_of(2, seed=2), frames_of(1, seed=1))
    findings = found(Data, tmp_path, labeled_frames(NEAR, frames_of(4)), data)
    (row,) = rows(findings, "suspicious")
    assert row == {"data": "near", "suspicion": "3 of its 4 frames were trained on (main few)"}


def test_parts_of_a_sampled_set_and_datasets_of_all_seeds_count_together(tmp_path: Path) -> None:
    sampled = replace(NEAR, set="dynamics", sampled_by=LABELER)
    parts = [labeled_frames(replace(sampled, trajectory=n), frames_of(2, seed=10 * n)) for n in range(2)]
    trained = [dataset(TRAINED, frames_of(1)), dataset(replace(TRAINED, seed=2), frames_of(1, seed=10))]
    for data in ([*parts, *trained], [*reversed(trained), *reversed(parts)]):
        (row,) = rows(found(Data, tmp_path, *data), "suspicious")
        assert row == {"data": "dynamics", "suspicion": "2 of its 4 frames were trained on (main few)"}


def test_potentials_and_strategies_are_told_apart(tmp_path: Path) -> None:
    trained = [dataset(replace(TRAINED, strategy=name), frames_of(1)) for name in ("few", "many")]
    said = [
        row["suspicion"]
        for row in rows(found(Data, tmp_path, labeled_frames(NEAR, frames_of(1)), *trained), "suspicious")
    ]
    assert said == ["1 of its 1 frames were trained on (main few)", "1 of its 1 frames were trained on (main many)"]


def test_replay_sets_may_be_trained_on(tmp_path: Path) -> None:
    old = labeled_frames(Ref(set="old", set_kind="replay"), frames_of(2))
    assert not rows(found(Data, tmp_path, old, dataset(TRAINED, frames_of(2))), "suspicious")


def test_a_set_without_frames_is_sound(tmp_path: Path) -> None:
    assert found(Data, tmp_path, labeled_frames(NEAR, frames_of(0))).verdicts[0].evidence == "0 frames of 1 set"


def test_what_was_sampled_for_training_or_by_a_potential_itself_is_not_wanted() -> None:
    gathered = Ref(set="main few", set_kind="training", gathered_by=Ref("main", "few", 1, 1))
    data = [labeled_frames(gathered, frames_of(1)), labeled_frames(own(Ref("main")), frames_of(1))]
    assert Data(Data.Options()).wants(study(*data, dataset(TRAINED, frames_of(1)))) == []
