"""data: what looks wrong is told once, by the name of its file; what is trained on and tested on is counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from analysis_inputs import dataset, found, frames_of, labeled, labeled_frames, own, rows, study
from whet.analyses.data import QUESTION, Data
from whet.contracts.ref import LABELER, Ref
from whet.data.frames import FrameSet
from whet.labels.frame_findings import frame_findings

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


def wrong(count: int, place: int, seed: int) -> FrameSet:
    """Frames, one of which has a force of 100 eV/Å."""
    frames = frames_of(count, seed=seed)
    forces = [frame.get_forces() for frame in frames]
    forces[place][0, 0] = 100.0
    return labeled(list(frames), [0.0] * count, forces)


def test_training_labels_and_labels_of_tests_are_looked_at(tmp_path: Path) -> None:
    """Both were computed here, so that no file was read that could have been looked at before."""
    gathered = Ref(set="main few", set_kind="training", trajectory=0, gathered_by=Ref("main", "few", 1, 1))
    sound, faulty = frames_of(3, seed=50), wrong(3, 1, seed=60)
    tested = labeled_frames(replace(NEAR, sampled_by=LABELER), wrong(2, 1, seed=70))
    rounds = [labeled_frames(gathered, sound), labeled_frames(replace(gathered, trajectory=1), faulty)]
    said = {row["data"]: row["suspicion"] for row in rows(found(Data, tmp_path, tested, *rounds), "suspicious")}
    assert said["near"].startswith("1 frames have forces above 50 eV/Å") and "(frame 1)" in said["near"]
    assert "(frame 4)" in said["main few"], "its frames are numbered through"


def test_sound_data_names_what_was_looked_at(tmp_path: Path) -> None:
    """A frame that two strategies share is one frame."""
    refs = [Ref(set=f"main {s}", set_kind="training", gathered_by=Ref("main", s, 1, 1)) for s in ("few", "many")]
    training = [labeled_frames(ref, frames_of(4, seed=50)) for ref in refs]
    (verdict,) = found(Data, tmp_path, labeled_frames(NEAR, frames_of(2)), *training).verdicts
    assert verdict.evidence == "2 frames of 1 set, and 4 training frames that strategies sampled"
    assert "own dynamics are not looked at" in verdict.limits


def test_what_a_file_was_found_to_have_is_said_once(tmp_path: Path) -> None:
    frames = wrong(3, 2, seed=80)
    suspicions = [{"kind": one.kind, "what": one.what, "places": one.places} for one in frame_findings(frames)]
    findings = found(Data, tmp_path, labeled_frames(NEAR, frames, suspicions))
    assert len(suspicions) == len(rows(findings, "suspicious")) == 1


def test_what_was_sampled_for_training_or_by_a_potential_itself_is_not_wanted() -> None:
    gathered = Ref(set="main few", set_kind="training", gathered_by=Ref("main", "few", 1, 1))
    data = [labeled_frames(gathered, frames_of(1)), labeled_frames(own(Ref("main")), frames_of(1))]
    assert Data(Data.Options()).wants(study(*data, dataset(TRAINED, frames_of(1)))) == []
