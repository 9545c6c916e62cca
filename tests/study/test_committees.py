"""Committees: each member is trained on frames of its own draw; the worst frame is labeled where no spread ends a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from whet import Study
from whet.contracts.ports import Dataset, FineTuning
from whet.data.frame_identity import frame_key
from whet.running.stored_step import StoredSteps

QUIET = ["tests={}", "self_generated={of: none}"]


def test_members_see_other_frames(toy: None, study_file: Path) -> None:
    words = "strategies={active: {preset: naive, rounds: 6, committee: 3}}"
    study = Study.load(study_file, [words, *QUIET])
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    stored, plan = StoredSteps(study.store), study.plan
    last, whole = plan.all(FineTuning)[-1], plan.all(Dataset)[-1]
    data = Dataset.read(stored[whole.key], whole.ref)
    everything = [frame_key(frame) for frame in data.train]
    samples = []
    for member in plan.steps[last.key].inputs["members"]:
        (drawn,) = plan.steps[member].inputs["data"]
        assert plan.steps[drawn].kind == "bootstrap" and stored[drawn].values["by"] == "trajectories"
        seen = Dataset.read(stored[drawn], whole.ref)
        samples.append(sorted(frame_key(frame) for frame in seen.train))
        assert set(samples[-1]) < set(everything)
        assert [frame_key(frame) for frame in seen.valid] == [frame_key(frame) for frame in data.valid]
        assert stored[member].values["train"] == len(seen.train)
    assert len({tuple(sample) for sample in samples}) == 3
    fitted = {stored[member].component.key for member in plan.steps[last.key].inputs["members"]}  # pyright: ignore
    assert len(fitted) == 3


def test_members_of_a_file_s_subsets_do_too(toy: None, study_file: Path, tmp_path: Path) -> None:
    source = Study.load(study_file, ["strategies={naive: 3}", *QUIET])
    source.run(workers=0)
    labeled = [one for one in source.plan.of_kind("label")]
    stored = StoredSteps(source.store)
    from whet.data.frame_log import write_frames

    path = tmp_path / "pool.frames"
    write_frames(path, [frame for step in labeled for frame in stored[step.key].frames()])
    words = ["strategies={few: {preset: subsets, data: pool, sizes: [6], committee: 3}}", f"data={{pool: {path}}}"]
    study = Study.load(study_file, [*words, *QUIET])
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    stored = StoredSteps(study.store)
    drawn = [stored[step.key] for step in study.plan.of_kind("bootstrap")]
    assert [one.values["by"] for one in drawn] == ["frames"] * 3
    assert len({tuple(frame_key(frame) for frame in one.frames("train")) for one in drawn}) == 3


@pytest.mark.parametrize("committee", [1, 2])
def test_only_committees_draw(toy: None, study_file: Path, committee: int) -> None:
    study = Study.load(study_file, [f"strategies={{naive: {{rounds: 2, committee: {committee}}}}}", *QUIET])
    assert len(study.plan.of_kind("bootstrap")) == (0 if committee == 1 else 4)
