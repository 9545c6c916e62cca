"""Sources of structures in a study: rattled frames as a test, and sources that have an end."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase.build import bulk

from whet import InputError, Study, export_frames, frame_key
from whet.contracts.ports import LabeledFrames, SampledTrajectory
from whet.running.stored_step import StoredSteps

STUDY = """\
name: planted
structures: {use: rattled, file: argon.extxyz, displacement: 0.1, strain: 0.02, min_distance: 2.6}
potentials: {flat: {use: "toy:hard", scale: 0.8}, same: {use: "toy:hard"}}
labeler: toy
tests: {rattled: {sampler: structures, trajectories: 6}}
"""


@pytest.fixture
def planted(toy: None, tmp_path: Path) -> Path:
    export_frames(tmp_path / "argon.extxyz", [bulk("Ar", "fcc", 4.6, cubic=True)])
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path / "study.yaml"


def test_a_planted_curvature_of_0_8_is_found_and_a_planted_null_is_not_claimed(planted: Path) -> None:
    study = Study.load(planted)
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    scores = {score["potential"]: score["softening"] for score in study.stored.scores}
    for potential, planted_ratio, verdict in (("flat", 0.8, "soft by 20"), ("same", 1.0, "not soft")):
        found = scores[potential]
        assert found["sampler"] == "rattle" and found["units"] == 6
        assert found["curvature"] == pytest.approx(planted_ratio, abs=1e-6)
        assert found["verdict"].startswith(verdict) and found["verdict"].endswith("as these frames are rattled)")


def test_too_few_decide_nothing(planted: Path) -> None:
    study = Study.load(planted, ["tests.rattled.trajectories=3"])
    assert not study.run(workers=0).failed
    assert all(score["softening"]["verdict"].startswith("undecided: 3 frames") for score in study.stored.scores)
    assert {score["softening"]["units"] for score in study.stored.scores} == {3}


def test_its_structures_are_no_others_and_are_labeled_as_they_are(planted: Path) -> None:
    study = Study.load(planted)
    assert not study.run(workers=0).failed
    stored = StoredSteps(study.store)
    made = [stored[step.key].frames()[0] for step in study.plan.of_kind("structure")]
    assert all(step.task.options["index"] >= 100_000 for step in study.plan.of_kind("structure"))
    pieces = study.plan.all(LabeledFrames, set="rattled")
    assert [frame_key(stored[one.key].frames()[0]) for one in pieces] == [frame_key(frame) for frame in made]
    assert not study.plan.all(SampledTrajectory) and not study.plan.of_kind("md")


def test_dynamics_from_a_rattled_start_do_not_say_that_they_were_drawn(planted: Path) -> None:
    words = ["dynamics={use: toy, timestep: 2, production: 20, every: 10, temperature: 100}", "minimize={steps: 3}"]
    study = Study.load(
        planted, [*words, "tests={own: {driver: foundation, trajectories: 1}}", "potentials={p: toy}", ALONE]
    )
    assert not study.run(workers=0).failed
    stored = StoredSteps(study.store)
    (made,), (relaxed,) = study.plan.of_kind("structure"), study.plan.of_kind("minimize")[:1]
    assert stored[made.key].frames()[0].info["sampled_by"] == "rattle"
    for step in (relaxed, *study.plan.of_kind("md"), *study.plan.of_kind("label")):
        assert not any({"sampled_by", "group"} & frame.info.keys() for frame in stored[step.key].frames())


ALONE = "self_generated={of: none}"
SCAN = "structures={use: volume-scan, file: argon.extxyz, volumes: {first: 0.9, last: 1.2, points: 6}}"


def test_a_source_with_an_end_is_dealt_as_a_file_is(planted: Path) -> None:
    """Training takes from its front, tests from its back: no structure is used twice."""
    words = ["strategies={few: [{sampler: structures, trajectories: 2}]}", "tests.rattled.trajectories=4"]
    study = Study.load(planted, [SCAN, *words, "potentials={p: toy}"])
    assert not study.run(workers=0).failed
    stored = StoredSteps(study.store)
    factors: dict[str, list[float]] = {}
    for piece in study.plan.all(LabeledFrames):
        factors.setdefault(piece.ref.set, []).append(round(stored[piece.key].frames()[0].info["volume_factor"], 2))
    assert factors == {"p few": [0.9, 0.96], "rattled": [1.2, 1.14, 1.08, 1.02]}


def test_too_few_in_a_source_are_told_before_anything_runs(planted: Path) -> None:
    with pytest.raises(InputError) as caught:
        Study.load(planted, [SCAN, "tests.rattled.trajectories=7"])
    wanted = "the study needs 7 different structures (7 for rattled), volume-scan has 6"
    assert f"key structures: {wanted}" in str(caught.value) and "\n" not in str(caught.value)


def test_a_damaged_file_of_such_a_source_is_told_at_its_key(planted: Path) -> None:
    (planted.parent / "argon.extxyz").write_text("2\nnonsense\n")
    with pytest.raises(InputError, match=r"key structures: .*argon\.extxyz"):
        Study.load(planted, [SCAN])


def test_what_moves_nothing_has_no_driver(planted: Path) -> None:
    with pytest.raises(InputError) as caught:
        Study.load(planted, ["tests.rattled.driver=labeler"])
    what = "`driver` is for what moves; `sampler: structures` takes structures as they are"
    assert str(caught.value).endswith(f"key tests.rattled: {what}")


def test_a_folder_of_structures_deals_what_is_in_it(planted: Path) -> None:
    folder = planted.parent / "crystals" / "deep"
    folder.mkdir(parents=True)
    for name, edge in (("a.cif", 4.5), ("b.cif", 4.6), ("c.cif", 4.7)):
        bulk("Ar", "fcc", edge, cubic=True).write(folder / name)
    bulk("Ar", "fcc", 4.8, cubic=True).write(folder.parent / "POSCAR", format="vasp")
    study = Study.load(planted, ["structures={file: crystals}", "tests.rattled.trajectories=4", "potentials={p: toy}"])
    assert not study.run(workers=0).failed
    stored = StoredSteps(study.store)
    pieces = study.plan.all(LabeledFrames, set="rattled")
    edges = sorted(round(float(stored[one.key].frames()[0].cell.lengths()[0]), 3) for one in pieces)
    assert edges == [4.5, 4.6, 4.7, 4.8]
    (score,) = study.stored.scores
    assert score["softening"]["sampler"] == "unknown"  # nobody says who sampled a CIF
