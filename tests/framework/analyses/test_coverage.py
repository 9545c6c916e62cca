"""coverage: what is planted as new is unique, what is the same is not, and sets are told apart by their Refs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
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
    strategy: str, frames: FrameSet, round: int = 1, seed: int = 1, potential: str = "main", number: int | None = 0
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


def runs(strategy: str, count: int, seed: int, factor: float = 1.0, rounds: int = 1) -> list[LabeledFrames]:
    """Trajectories of twelve frames, each of a molecule stretched by a factor of its own, in this many rounds."""
    found = []
    for number in range(count):
        own = factor * (1 + 0.05 * np.random.default_rng(seed + number).normal())
        frames = stretched(frames_of(12, seed=seed + 100 * number, spread=0.02), own)
        parts = [frames[place::rounds] for place in range(rounds)]
        found += [added(strategy, part, place + 1, number=number) for place, part in enumerate(parts)]
    return found


def test_two_runs_that_sample_the_same_are_not_claimed_to_differ(tmp_path: Path) -> None:
    findings = covered(tmp_path, *runs("naive", 5, 1000), *runs("hybrid", 5, 9000))
    one, _ = rows(findings, "unique")
    assert one["share of A not in B"] > 0.12, "far above the 5 % of independent environments"
    held_out = "B's own, held out"
    assert one[f"{held_out}: lowest"] <= one["share of A not in B"] <= one[f"{held_out}: highest"]
    assert one[f"{held_out}: lowest"] < one[f"{held_out}: mean"] < one[f"{held_out}: highest"]
    assert (one["units of A"], one["units of B"]) == (5, 5)
    assert [verdict.decided for verdict in findings.verdicts] == [False, False]
    assert findings.verdicts[0].claim == "naive: no region that hybrid lacks is shown"


def test_a_shifted_region_is_claimed_beside_its_null(tmp_path: Path) -> None:
    findings = covered(tmp_path, *runs("far", 4, 1000, factor=1.5), *runs("naive", 4, 9000))
    first, *_ = findings.verdicts
    assert first.decided and first.claim == "far reaches regions that naive lacks"
    assert first.units == 4 and not first.prominent
    assert "held out" in first.evidence and "over 70 relabelings" in first.evidence
    row, _ = rows(findings, "unique")
    assert first.evidence.startswith(
        f"{100 * row['share of A not in B']:.1f}\N{NO-BREAK SPACE}% of far is not in naive"
    )
    names = [column.name for column in findings.table("unique").columns]
    assert names[:3] == ["set A", "set B", "new regions?"], "the verdict is not off the right edge"
    assert row["p"] <= 0.05 and row["new regions?"].startswith("yes, p 0.0")


def test_one_trajectory_has_no_null_however_often_it_was_taken_up_again(tmp_path: Path) -> None:
    findings = covered(tmp_path, *runs("naive", 5, 1000), *runs("periodic", 1, 9000, rounds=4))
    table = {(row["set A"], row["set B"]): row for row in rows(findings, "unique")}
    null = "B's own, held out"
    assert table["naive", "periodic"][null] == "none: 1 trajectory"
    assert table["periodic, round 3", "its earlier rounds"][null] == "none: 1 trajectory"
    assert table["periodic, round 3", "its earlier rounds"]["new regions?"] == "undecided: same trajectory"
    # However far above the null: what one trajectory shows, another may not.
    assert table["periodic", "naive"]["share of A not in B"] > table["periodic", "naive"][f"{null}: mean"]
    assert table["periodic", "naive"]["new regions?"] == "undecided: 1 trajectory"
    (verdict,) = findings.verdicts
    assert (verdict.claim, verdict.units, verdict.decided) == ("undecided: 1 trajectory", 1, False)
    assert "periodic 1" in verdict.evidence and "naive" not in verdict.evidence


def test_rounds_of_several_trajectories_are_tested_too(tmp_path: Path) -> None:
    first, second = runs("hybrid", 4, 1000), runs("hybrid", 4, 9000, factor=1.5)
    later = [added("hybrid", one.frames, 2, number=4 + number) for number, one in enumerate(second)]
    findings = covered(tmp_path, *first, *later)
    (row,) = rows(findings, "unique")
    assert row["new regions?"].startswith("yes, p 0.0")
    assert not findings.verdicts


def test_another_chemistry_is_new_and_has_no_null(tmp_path: Path) -> None:
    ours = [added("sulfur", frames_of(6, seed=9 * n, oxygen="S"), number=n) for n in range(4)]
    theirs = [added("oxygen", frames_of(6, seed=500 + 9 * n), number=n) for n in range(4)]
    first, _ = covered(tmp_path, *ours, *theirs).verdicts
    assert first.decided and "times as far" not in first.evidence


def test_a_trajectory_of_both_strategies_is_nobodys_evidence(tmp_path: Path) -> None:
    """The first trajectory of naive and of periodic is one and the same step of a study."""
    ours, theirs = runs("naive", 4, 1000), runs("hybrid", 4, 9000)
    theirs[0] = added("hybrid", ours[0].frames)
    (verdict,) = covered(tmp_path, *ours, *theirs).verdicts
    assert verdict.claim == "undecided: 3 trajectories"
    assert (
        covered(tmp_path, *ours, *(added("other", one.frames, number=n) for n, one in enumerate(ours))).verdicts == []
    )


def test_a_starting_structure_of_both_leaves_the_rest_of_their_trajectories(tmp_path: Path) -> None:
    """Without equilibration the first frame is the starting structure, which strategies have in common."""
    ours, theirs = runs("naive", 4, 1000), runs("far", 4, 9000, factor=1.5)
    theirs = [
        added("far", one.frames[:1] + far.frames, number=n)
        for n, (one, far) in enumerate(zip(ours, theirs, strict=True))
    ]
    first, second = covered(tmp_path, *ours, *theirs).verdicts
    assert (first.units, second.units) == (4, 4)
    assert second.decided and second.claim == "far reaches regions that naive lacks"


def test_trajectories_of_other_lengths_are_not_exchanged(tmp_path: Path) -> None:
    longer = [added("long", frames_of(40, seed=9000 + 100 * number), number=number) for number in range(4)]
    first, _ = covered(tmp_path, *runs("naive", 4, 1000), *longer).verdicts
    assert not first.decided
    assert first.claim == "undecided: trajectories of B are 3.3 times as long (A naive, B long)"


def test_what_a_selector_chose_is_of_no_known_trajectory(tmp_path: Path) -> None:
    chosen = [added("chosen", frames_of(12, seed=50), number=None), *runs("naive", 4, 1000)]
    findings = covered(tmp_path, *chosen, on_test("near", frames_of(9, seed=90)))
    table = {(row["set A"], row["set B"]): row for row in rows(findings, "unique")}
    assert table["naive", "chosen"]["B's own, held out"] == "none: trajectories unknown"
    assert table["naive", "chosen"]["units of B"] is None
    assert {row["mean + 2σ, held out"] for row in rows(findings, "q-residuals")} > {"none: trajectories unknown"}


def test_a_trajectory_like_those_of_the_training_data_is_flagged_as_they_are_held_out(tmp_path: Path) -> None:
    (like,) = runs("test", 1, 70)
    data = [*runs("naive", 5, 1000), *runs("periodic", 1, 9000), on_test("like", like.frames)]
    first, second = rows(covered(tmp_path, *data), "q-residuals")
    for rule, null in (("beyond mean + 2σ", "mean + 2σ"), ("beyond Jackson–Mudholkar", "Jackson–Mudholkar")):
        assert first[f"{null}, held out: lowest"] <= first[rule] <= first[f"{null}, held out: highest"]
        assert second[f"{null}, held out"] == "none: 1 trajectory"
    assert first["trajectories"] == 5
    assert "(" in first["by element"]


def test_many_atoms_are_drawn_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whet.analyses.parts.described_data.MOST_DISTANCES", 1000)
    findings = covered(tmp_path, *runs("naive", 4, 1000), *runs("far", 4, 9000, factor=1.5))
    assert rows(findings, "unique")[0]["environments of A"] == 4 * 36 / 3
    assert any("one atom in 3" in note for note in findings.notes)
    assert findings.verdicts[1].claim == "far reaches regions that naive lacks"


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


def repeated(strategy: str, count: int, seed: int, factor: float = 1.0, first: int = 1) -> list[LabeledFrames]:
    """One trajectory in each of so many runs; first: seed of the first run."""
    each = runs(strategy, count, seed, factor)
    return [added(strategy, one.frames, seed=number) for number, one in enumerate(each, first)]


def test_a_seed_may_be_zero(tmp_path: Path) -> None:
    one, *_ = rows(covered(tmp_path, *runs("naive", 5, 1000), *runs("hybrid", 5, 9000)), "unique")
    zero = [
        replace(part, ref=replace(part.ref, gathered_by=replace(by, seed=0)))
        for part in (*runs("naive", 5, 1000), *runs("hybrid", 5, 9000))
        if (by := part.ref.gathered_by)
    ]
    assert rows(covered(tmp_path, *zero), "unique")[0] == one
    data = [*repeated("naive", 4, 1000, first=0), *repeated("far", 4, 9000, 1.5, first=0)]
    assert {row["units of A"] for row in rows(covered(tmp_path, *data), "unique")} == {4}


def test_runs_of_a_repeated_strategy_are_its_units(tmp_path: Path) -> None:
    same, far = repeated("naive", 4, 1000), repeated("far", 4, 9000, factor=1.5)
    findings = covered(tmp_path, *same, *repeated("hybrid", 5, 500), *far)
    table = {(row["set A"], row["set B"]): row for row in rows(findings, "unique")}
    assert len(table) == 6
    row = table["hybrid (5 runs)", "naive (4 runs)"]
    assert (row["units"], row["units of A"], row["units of B"]) == ("runs", 5, 4)
    assert row["new regions?"].startswith("not shown, p ")
    assert row["B's own, held out: lowest"] < row["B's own, held out: highest"]
    assert table["far (4 runs)", "naive (4 runs)"]["new regions?"].startswith("yes, p 0.0")
    claimed = [verdict for verdict in findings.verdicts if verdict.decided]
    assert {verdict.claim for verdict in claimed} >= {"far (4 runs) reaches regions that naive (4 runs) lacks"}
    assert all("runs" in verdict.evidence and "trajectories" not in verdict.evidence for verdict in claimed)
    assert {row["data"] for row in rows(findings, "coverage-points")} == {one for one, _ in table}


def test_trajectories_of_repeated_runs_are_no_units(tmp_path: Path) -> None:
    """Three runs of four trajectories each share what each run shares: they stay apart, run by run."""
    far = [
        added("far", one.frames, seed=seed, number=n)
        for seed in (1, 2, 3)
        for n, one in enumerate(runs("far", 4, 9000 + seed, 1.5))
    ]
    naive = [
        added("naive", one.frames, seed=seed, number=n)
        for seed in (1, 2, 3)
        for n, one in enumerate(runs("naive", 4, seed))
    ]
    table = rows(covered(tmp_path, *far, *naive), "unique")
    assert [row["set A"] for row in table] == [
        f"{name}, seed {seed}" for seed in (1, 2, 3) for name in ("far", "naive")
    ]
    assert {row["units"] for row in table} == {"trajectories"}


def test_rounds_of_repeated_runs_are_tested_and_those_that_go_on_are_not(tmp_path: Path) -> None:
    new = [added("naive", one.frames, 2, seed=n + 1, number=1) for n, one in enumerate(runs("n", 4, 9000, 1.5))]
    on = [added("periodic", one.frames, 2, seed=n + 1) for n, one in enumerate(runs("p", 4, 7000))]
    data = [*repeated("naive", 4, 1000), *new, *repeated("periodic", 4, 4000), *on]
    read = {row["set A"]: row["new regions?"] for row in rows(covered(tmp_path, *data), "unique")}
    assert read["naive (4 runs), round 2"].startswith("yes, p 0.0")
    assert read["periodic (4 runs), round 2"] == "undecided: same trajectory"


def test_runs_that_drew_from_one_pool_are_no_units(tmp_path: Path) -> None:
    pool = frames_of(30)
    drawn = [added("drawn", pool[seed : seed + 8], seed=seed, number=None) for seed in (1, 2, 3, 4)]
    names = {row["data"] for row in rows(covered(tmp_path, *drawn), "coverage-points")}
    assert names == {f"drawn, seed {seed}" for seed in (1, 2, 3, 4)}


def test_one_run_is_compared_with_that_of_its_seed(tmp_path: Path) -> None:
    single = runs("hybrid", 4, 500)
    table = rows(
        covered(tmp_path, *repeated("naive", 4, 1000), *repeated("far", 4, 9000, factor=1.5), *single), "unique"
    )
    pairs = [(row["set A"], row["set B"]) for row in table]
    assert pairs[:2] == [("naive (4 runs)", "far (4 runs)"), ("far (4 runs)", "naive (4 runs)")]
    assert sorted(pairs[2:]) == sorted(
        [("naive, seed 1", "hybrid"), ("hybrid", "naive, seed 1"), ("far, seed 1", "hybrid"), ("hybrid", "far, seed 1")]
    )


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
