"""coverage-in-time: what leaves the training data is found, when and where; what does not, is not said to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis_inputs import found, frames_of, labeled_frames, rows, study, trajectory
from whet.analyses.coverage_in_time import CoverageInTime, CoverageInTimeOptions
from whet.contracts.findings import Findings
from whet.contracts.ports import Data, LabeledFrames, SampledTrajectory
from whet.contracts.ref import LABELER, Ref
from whet.data.errors import InputError
from whet.data.frame_groups import TRAJECTORIES
from whet.data.frames import FrameSet
from whet.testing import AnalysisConformance
from whet.testing.sample_steps import SampleDescriptor

DESCRIPTOR = SampleDescriptor(SampleDescriptor.Options())


class TestCoverageInTime(AnalysisConformance):
    given = "coverage-in-time"


def level(seed: int) -> float:
    """Trajectories lie apart: each molecule is stretched by a factor of its own."""
    return 1 + 0.05 * np.random.default_rng(seed).normal()


def frames(count: int, seed: int, factor: float = 1.0) -> FrameSet:
    made = [frame.copy() for frame in frames_of(count, seed=seed, spread=0.02)]
    for frame in made:
        frame.positions *= factor * level(seed)
    return FrameSet(made)


def gathered(number: int, strategy: str = "naive", count: int = 12, seed: int = 1, potential: str = "main"):
    by = Ref(potential, strategy, 1, seed)
    ref = Ref(set=f"{potential} {strategy}", set_kind="training", trajectory=number, gathered_by=by)
    return labeled_frames(ref, frames(count, 1000 + 100 * number))


def run(number: int, frames_: FrameSet, name: str = "dynamics", **ref: Any) -> SampledTrajectory:
    given = {"set_kind": "independent", "sampled_by": LABELER, "groups": TRAJECTORIES, **ref}
    return trajectory(Ref(set=name, trajectory=number, **given), frames_)


def like(number: int, count: int = 12) -> FrameSet:
    """Sampled as the training data are."""
    return frames(count, 50_000 + 100 * number)


def seen(tmp_path: Path, *data: Data) -> Findings:
    return found(CoverageInTime, tmp_path, *data, descriptor=DESCRIPTOR)


def stretched(given: FrameSet, numbers: slice, factor: float) -> FrameSet:
    made = [frame.copy() for frame in given]
    for frame in made[numbers]:
        frame.positions *= factor
    return FrameSet(made)


def test_a_gap_that_trajectories_enter_is_found_and_when(tmp_path: Path) -> None:
    """From frame 8 of each run on, molecules are stretched as no training frame is."""
    data = [gathered(number) for number in range(5)]
    data += [run(number, stretched(like(number, 16), slice(8, None), 1.6)) for number in range(4)]
    findings = seen(tmp_path, *data)
    (verdict,) = findings.verdicts
    assert verdict.decided and verdict.claim == "dynamics leaves what naive covers"
    assert verdict.units == 4 and "over 4 + 5 trajectories" in verdict.evidence and not verdict.prominent
    assert "not unphysical" in verdict.limits
    (row,) = rows(findings, "outside")
    assert row["outside?"].startswith("yes, p 0.0")
    assert row["beyond mean + 2σ"] > row["mean + 2σ, held out: highest"]
    through = rows(findings, "q-in-time")
    early = [one["share flagged"] for one in through if one["frame"] < 8]
    late = [one["share flagged"] for one in through if one["frame"] >= 8]
    assert np.mean(early) < 0.4 and min(late) > 0.6
    assert [one["time"] for one in through[:3]] == [0, 10, 20]
    assert any("not unphysical" in note for note in findings.notes)


def test_planted_outlier_atoms_head_the_list_and_are_shown(tmp_path: Path) -> None:
    """One hydrogen leaves its molecule in frame 5 and comes back: no other atom of the frames is off."""
    data = [gathered(number) for number in range(5)]
    runs = [like(number) for number in range(4)]
    far = [frame.copy() for frame in runs[2]]
    far[5].positions[1] += (1.0, 1.0, 0)
    far[6].positions[1] += (0.5, 0.5, 0)
    runs[2] = FrameSet(far)
    findings = seen(tmp_path, *data, *(run(number, one) for number, one in enumerate(runs)))
    first, *rest = rows(findings, "worst-environments")
    assert (first["trajectory"], first["frame"], first["atom"], first["element"]) == (3, 5, 1, "H")
    assert (first["time"], first["picture"]) == (50, "worst 1")
    assert first["Q over limit"] > 2 * max([1, *(one["Q over limit"] for one in rest if one["trajectory"] != 2)])
    assert all((one["trajectory"], one["atom"]) != (3, 1) for one in rest), "an atom is listed once, at its worst"
    picture = next(figure for figure in findings.figures if figure.name == "worst-1")
    assert picture.svg.count('stroke-width="3"') == 1
    assert picture.caption.startswith("Worst 1: atom 1 (H) of frame 5 (50 fs, trajectory 3 of dynamics), and what is")
    frame, *_ = rows(findings, "worst-frames")
    assert (frame["trajectory"], frame["frame"]) == (3, 5)


def test_a_set_that_is_far_outside_is_found_also_where_training_trajectories_are_flagged_throughout(
    tmp_path: Path,
) -> None:
    """Shares that are at 100 % cannot grow: how far beyond the limits decides."""
    data: list[Data] = []
    for number, factor in enumerate((0.8, 0.95, 1.05, 1.6)):
        own = stretched(frames(12, 1000 + 100 * number), slice(None), factor)
        data.append(labeled_frames(gathered(number).ref, own))
    data += [run(number, stretched(like(number), slice(None), 2.5)) for number in range(4)]
    findings = seen(tmp_path, *data)
    (row,) = rows(findings, "outside")
    assert row["beyond mean + 2σ"] > 0.95 and row["mean + 2σ, held out: highest"] > 0.95
    assert findings.verdicts[0].decided


def test_what_samples_the_same_is_not_claimed(tmp_path: Path) -> None:
    claims = 0
    for repeat in range(20):
        data: list[Data] = []
        for number in range(10):
            own = frames(8, 7919 * repeat + 100 * number)
            ref = gathered(number).ref
            data.append(labeled_frames(ref, own) if number < 5 else run(number, own))
        claims += sum(verdict.decided for verdict in seen(tmp_path, *data).verdicts)
    assert claims <= 3


@pytest.mark.parametrize(("training", "tests"), [(3, 5), (5, 3), (1, 4)])
def test_few_trajectories_decide_nothing(tmp_path: Path, training: int, tests: int) -> None:
    data = [gathered(number) for number in range(training)]
    data += [run(number, stretched(like(number), slice(None), 2)) for number in range(tests)]
    findings = seen(tmp_path, *data)
    (verdict,) = findings.verdicts
    few = min(training, tests)
    units = "1 trajectory" if few == 1 else f"{few} trajectories"
    assert not verdict.decided and verdict.claim == f"undecided: {units}"
    (row,) = rows(findings, "outside")
    assert row["outside?"] == f"undecided: {units}"
    assert row["beyond mean + 2σ"] > 0.9, "the number is there all the same"


def test_each_own_trajectory_is_held_against_what_drove_it(tmp_path: Path) -> None:
    data = [gathered(n, strategy) for strategy in ("naive", "periodic") for n in range(2)]
    untouched, tuned = Ref("main"), Ref("main", "periodic", 1, 1, last=True)
    data += [
        run(0, like(number), f"own of {by}", set_kind="self", sampled_by=by)
        for number, by in enumerate((untouched, tuned))
    ]
    data += [run(0, like(3))]
    pairs = {(row["training data"], row["set"]) for row in rows(seen(tmp_path, *data), "outside")}
    assert pairs == {
        ("naive", "dynamics"),
        ("periodic", "dynamics"),
        ("naive", "own of main"),
        ("periodic", "own of main"),
        ("periodic", "own of main periodic 1"),
    }


def test_q_in_time_has_what_other_analyses_read(tmp_path: Path) -> None:
    findings = seen(tmp_path, *(gathered(number) for number in range(3)), run(0, like(0, 4)), run(1, like(1, 4)))
    names = findings.table("q-in-time").fields
    assert {"training data", "set", "trajectory", "frame", "time", "mean Q", "share flagged"} <= set(names)
    through = rows(findings, "q-in-time")
    assert [(row["trajectory"], row["frame"]) for row in through] == [(t, f) for t in (1, 2) for f in range(4)]
    from whet.bias.training_space import TrainingSpace

    data = [gathered(number).frames for number in range(3)]
    chunks = [
        [(x, f.get_chemical_symbols()) for x, f in zip(DESCRIPTOR.describe(d, ["H", "O"]), d, strict=True)]
        for d in data
    ]
    space = TrainingSpace.fit([lambda one=one: one for one in chunks])
    features = list(DESCRIPTOR.describe(like(1, 4), ["H", "O"]))
    assert [row["mean Q"] for row in through[4:]] == pytest.approx(
        [space.components.q_residuals(one).mean() for one in features]
    )


def of_file(name: str, given: FrameSet, groups: str = "run") -> LabeledFrames:
    for number, frame in enumerate(given):
        frame.info["run"] = number // 4
    return labeled_frames(Ref(set=name, set_kind="independent", groups=groups), given)


def run_with(options: Mapping[str, Any], tmp_path: Path, *data: Data) -> Findings:
    class Given(CoverageInTime):
        def __init__(self, _: Any) -> None:
            super().__init__(CoverageInTimeOptions(**options))

    return found(Given, tmp_path, *data, descriptor=DESCRIPTOR)


def test_without_training_a_set_of_a_file_takes_its_place(tmp_path: Path) -> None:
    near = FrameSet(frame for number in range(5) for frame in frames(4, 1000 + 100 * number))
    far = stretched(FrameSet(frame for number in range(5) for frame in like(number, 4)), slice(None), 1.6)
    files = [of_file("near", near), of_file("far", far), run(0, like(9))]
    findings = seen(tmp_path, *files)
    table = {row["set"]: row for row in rows(findings, "outside")}
    assert {row["training data"] for row in table.values()} == {"near"} and set(table) == {"far", "dynamics"}
    assert table["far"]["training trajectories"] == 5 and table["far"]["outside?"].startswith("yes")
    assert findings.verdicts[0].claim == "far leaves what near covers" and findings.verdicts[0].of == "groups"
    assert [row["time"] for row in rows(findings, "q-in-time") if row["set"] == "far"] == [None] * 20
    other = run_with({"against": "far"}, tmp_path, *files)
    assert {(row["training data"], row["set"]) for row in rows(other, "outside")} == {
        ("far", "near"),
        ("far", "dynamics"),
    }
    with pytest.raises(InputError) as error:
        run_with({"against": "fat"}, tmp_path, *files)
    assert str(error.value) == "there is no set “fat” to hold others against. Sets: “near”, “far”, “dynamics”"


def test_frames_of_unknown_groups_give_no_verdict(tmp_path: Path) -> None:
    unknown = [labeled_frames(Ref(set=name, set_kind="independent"), like(n)) for n, name in enumerate("ab")]
    findings = seen(tmp_path, *unknown)
    (row,) = rows(findings, "outside")
    assert row["outside?"] == "undecided: unknown"
    assert row["mean + 2σ, held out"] == "none: trajectories unknown"
    assert not any(verdict.decided for verdict in findings.verdicts)


def test_frames_that_the_training_data_have_are_told(tmp_path: Path) -> None:
    data = [gathered(number) for number in range(3)]
    findings = seen(tmp_path, *data, run(0, data[0].frames[:2] + like(0)))
    assert "2 frames of “dynamics”, trajectory 1, are in naive, too" in findings.notes


def test_an_element_that_the_training_data_lack_is_listed_without_a_number(tmp_path: Path) -> None:
    sulfur = frames_of(5, seed=3, oxygen="S")
    findings = seen(tmp_path, *(gathered(number) for number in range(4)), *(run(n, sulfur) for n in range(4)))
    first, *_ = rows(findings, "worst-environments")
    assert (first["element"], first["Q over limit"]) == ("S", None)
    assert findings.verdicts[0].decided


def test_what_is_wanted_and_when() -> None:
    analysis = CoverageInTime(CoverageInTimeOptions())
    data = [gathered(0), run(0, like(0)), run(1, like(1))]
    data += [labeled_frames(Ref(set="old", set_kind="replay"), like(2)), of_file("file", like(3))]
    (wanted,) = analysis.wants(study(*data, roles=["descriptor"]))
    fed = {role: [piece.ref.set for piece in pieces] for role, pieces in wanted.inputs.items()}  # pyright: ignore
    assert fed == {"data": ["main naive"], "reference": [], "trajectories": ["dynamics", "dynamics"], "sets": []}
    assert analysis.wants(study(*data)) == [], "a study without a descriptor"
    assert analysis.wants(study(data[0], roles=["descriptor"])) == [], "nothing to hold against it"
    assert not CoverageInTime.by_default, "every frame of every trajectory is described"


def test_no_label_is_said(tmp_path: Path) -> None:
    empty = labeled_frames(gathered(0).ref, FrameSet(()))
    assert seen(tmp_path, empty, run(0, like(0))).notes == ["there is no frame of training data"]
