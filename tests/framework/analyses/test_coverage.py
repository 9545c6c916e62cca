"""coverage: what is planted as new is unique, what is the same is not, and sets are told apart by their Refs."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis_inputs import dataset, found, frames_of, labeled_frames, own, rows, study
from whet.analyses.coverage import MOST_PANELS, MOST_POINTS, Coverage
from whet.contracts.findings import Findings
from whet.contracts.ports import Data, LabeledFrames
from whet.contracts.ref import Ref
from whet.data.frames import FrameSet
from whet.testing.sample_steps import SampleDescriptor

DESCRIPTOR = SampleDescriptor(SampleDescriptor.Options())


def added(
    strategy: str, frames: FrameSet, round: int = 1, seed: int = 1, potential: str = "main", number: int = 0
) -> LabeledFrames:
    """What a round of a strategy added."""
    by = Ref(potential, strategy, round, seed)
    ref = Ref(set=f"{potential} {strategy}", set_kind="training", trajectory=number, gathered_by=by)
    return labeled_frames(ref, frames)


def on_test(name: str, frames: FrameSet) -> LabeledFrames:
    return labeled_frames(Ref(set=name, set_kind="independent"), frames)


def stretched(frames: FrameSet, factor: float) -> FrameSet:
    made = [frame.copy() for frame in frames]
    for frame in made:
        frame.positions *= factor
    return FrameSet(made)


def covered(tmp_path: Path, *data: Data) -> Findings:
    return found(Coverage, tmp_path, *data, descriptor=DESCRIPTOR)


def unique(findings: Findings) -> dict[tuple[str, str], float]:
    return {(row["set A"], row["set B"]): row["share of A not in B"] for row in rows(findings, "unique")}


def test_what_is_the_same_is_unique_by_chance_only_and_what_is_new_is_unique(tmp_path: Path) -> None:
    same, other = frames_of(100), frames_of(100, seed=500)
    shares = unique(
        covered(tmp_path, added("naive", same), added("periodic", other), added("far", stretched(other, 2)))
    )
    assert shares["naive", "periodic"] < 0.12
    assert shares["periodic", "naive"] < 0.12
    assert shares["far", "naive"] > 0.9


def test_rounds_are_held_against_those_before(tmp_path: Path) -> None:
    first, again, far = frames_of(60), frames_of(60, seed=500), stretched(frames_of(60, seed=900), 2)
    shares = unique(covered(tmp_path, added("periodic", first), added("periodic", again, 2), added("periodic", far, 3)))
    assert list(shares) == [("periodic, round 2", "its earlier rounds"), ("periodic, round 3", "its earlier rounds")]
    assert shares["periodic, round 2", "its earlier rounds"] < 0.15
    assert shares["periodic, round 3", "its earlier rounds"] > 0.9


def test_a_test_set_like_the_data_is_not_flagged_and_a_strange_one_is(tmp_path: Path) -> None:
    near, far = on_test("near", frames_of(50, seed=900)), on_test("far", stretched(frames_of(50, seed=900), 2))
    table = rows(covered(tmp_path, added("naive", frames_of(100)), near, far), "q-residuals")
    beyond = {row["test set"]: row["beyond mean + 2σ"] for row in table}
    assert beyond["near"] < 0.15
    assert beyond["far"] > 0.9
    assert [row["environments"] for row in table] == [150, 150]


def test_names_in_which_slashes_stand_are_two_acquisitions(tmp_path: Path) -> None:
    """Joined by slashes, `a/b` with `c` and `a` with `b/c` had one role: one of them was lost without a word."""
    data = [
        added("c", frames_of(20), potential="a/b"),
        added("b/c", stretched(frames_of(20, seed=50), 2), potential="a"),
    ]
    assert len({"/".join([one.ref.gathered_by.potential, one.ref.gathered_by.strategy]) for one in data}) == 1  # pyright: ignore[reportOptionalMemberAccess]
    findings = covered(tmp_path, *data)
    assert set(unique(findings)) == {("a/b c", "a b/c"), ("a b/c", "a/b c")}
    assert {row["data"] for row in rows(findings, "coverage-points")} == {"a/b c", "a b/c"}


def test_trajectories_of_a_round_are_one_set_and_no_frame_counts_twice(tmp_path: Path) -> None:
    parts = [added("naive", frames_of(5), number=0), added("naive", frames_of(5, seed=2), number=1)]
    points = rows(covered(tmp_path, *parts), "coverage-points")
    assert len(points) == 3 * 7  # of ten frames three are there twice


def test_seeds_are_sets_of_their_own(tmp_path: Path) -> None:
    data = [added("naive", frames_of(9), seed=1), added("naive", frames_of(9, seed=50), seed=2)]
    findings = covered(tmp_path, *data)
    assert {row["data"] for row in rows(findings, "coverage-points")} == {"naive, seed 1", "naive, seed 2"}
    assert "unique" not in [table.name for table in findings.tables], "only the same seed is compared"


def test_the_order_of_inputs_moves_rows_only(tmp_path: Path) -> None:
    data = [added("a", frames_of(9)), added("b", frames_of(9, seed=50)), on_test("near", frames_of(9, seed=90))]
    one, other = unique(covered(tmp_path, *data)), unique(covered(tmp_path, *reversed(data)))
    assert one.keys() == other.keys()
    assert [one[key] for key in sorted(one)] == pytest.approx([other[key] for key in sorted(one)])


def test_one_frame_is_compared_where_it_has_two_of_an_element(tmp_path: Path) -> None:
    """The one oxygen of the second set has no neighbor of its own, so nothing says what is near: hydrogen counts."""
    findings = covered(tmp_path, added("naive", frames_of(3)), added("periodic", frames_of(1, seed=9)))
    one, _ = rows(findings, "unique")
    assert (one["set A"], one["environments of A"], one["by element"][:1]) == ("naive", 9, "H")


def test_the_figure_is_thinned_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whet.analyses.coverage.MOST_POINTS", 10)
    assert len(rows(covered(tmp_path, added("naive", frames_of(8))), "coverage-points")) == 8  # 24 atoms, each third
    assert MOST_POINTS == 5000


def test_panels_that_are_not_drawn_are_told(tmp_path: Path) -> None:
    data = [added(f"s{number}", frames_of(3, seed=20 * number)) for number in range(MOST_PANELS + 1)]
    findings = covered(tmp_path, *data)
    assert len({row["data"] for row in rows(findings, "coverage-points")}) == MOST_PANELS
    assert f"The first {MOST_PANELS} of {MOST_PANELS + 1} data sets" in findings.figures[0].caption


def test_what_is_wanted_and_when() -> None:
    analysis = Coverage(Coverage.Options())
    data = [added("naive", frames_of(1)), on_test("near", frames_of(1)), labeled_frames(own(Ref("main")), frames_of(1))]
    data += [labeled_frames(Ref(set="old", set_kind="replay"), frames_of(1))]
    data += [labeled_frames(Ref(set="pool", set_kind="training"), frames_of(1)), dataset(Ref("main"), frames_of(1))]
    (wanted,) = analysis.wants(study(*data, roles=["descriptor"]))
    assert [piece.ref.set for piece in wanted.inputs["data"]] == ["main naive"]
    assert [piece.ref.set for piece in wanted.inputs["tests"]] == ["near", "own trajectory of main"]
    assert analysis.wants(study(*data)) == [], "a study without a descriptor"
    assert analysis.wants(study(*data[1:], roles=["descriptor"])) == [], "nothing was sampled"


def test_data_without_a_label_is_said(tmp_path: Path) -> None:
    findings = covered(tmp_path, added("naive", frames_of(0)), on_test("near", frames_of(2)))
    assert findings.is_empty
    assert "no frame that a strategy gathered" in findings.notes[0]
