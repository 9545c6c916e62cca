"""Strategies: what each preset gathers, from where it trains, and that two theories' energies are aligned first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from whet import Labels, Study
from whet.contracts.analysis import Piece
from whet.contracts.ports import Dataset, FineTuning, LabeledFrames, Predictions, SampledTrajectory
from whet.contracts.ref import Ref
from whet.data.errors import InputError
from whet.running.stored_step import StoredSteps
from whet.study.plan import Plan

STRATEGIES = {
    "naive": "{naive: 3, periodic: 3}",
    "periodic": "{periodic: {rounds: 3, train_from: previous}}",
    "hybrid": "{hybrid: {rounds: 2, trajectories: 2}}",
    "long": "{long: 2}",
    "packed-first": "{packed-first: {rounds: 2, trajectories: 3}}",
    "spelled out": "{own: [{driver: labeler}, {driver: current, start: last, train_from: previous}]}",
    "seeds": "{periodic: {rounds: 2, seeds: [1, 2]}}",
}


@pytest.mark.parametrize("strategies", STRATEGIES.values(), ids=STRATEGIES.keys())
def test_every_preset_runs(toy: None, study_file: Path, strategies: str) -> None:
    study = Study.load(study_file, [f"strategies={strategies}"])
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    scores = {s["potential"]: s["softening"]["scale"] for s in study.stored.scores if not s["correction"]}
    tuned = [scale for label, scale in scores.items() if label != "main" and scale is not None]
    assert tuned
    assert scores["main"] == pytest.approx(0.6, abs=0.1)
    assert all(scale > 0.85 for scale in tuned)


@pytest.mark.parametrize(
    ("strategy", "key", "what"),
    [
        ("hybrid: 1", "hybrid.rounds", "hybrid has two rounds at least"),
        ("mine: {preset: hybrid, rounds: 1}", "mine.rounds", "hybrid has two rounds at least"),
        ("hybrid: {rounds: 2, trajectories: 1}", "hybrid.trajectories", "hybrid has two trajectories a round at least"),
        ("mine: {preset: hybrid, rounds: [{}]}", "mine.preset", "a preset or rounds of its own, and this one has both"),
        ("mine: {preset: nonsense, rounds: [{}]}", "mine.preset", "a preset or rounds of its own"),
    ],
)
def test_what_is_no_such_strategy_is_refused(toy: None, study_file: Path, strategy: str, key: str, what: str) -> None:
    with pytest.raises(InputError, match=what) as refused:
        Study.load(study_file, [f"strategies={{{strategy}}}"])
    assert f"key strategies.{key}" in str(refused.value)


def sampled(plan: Plan, strategy: str, number: int | None = None) -> list[Piece]:
    """The trajectories that a strategy samples, in all rounds or in one."""
    found = [(piece, piece.ref.gathered_by) for piece in plan.all(SampledTrajectory, set_kind="training")]
    return [one for one, by in found if by and by.strategy == strategy and number in (None, by.round)]


def drivers(study: Study, strategy: str) -> list[str]:
    return [str(one.ref.sampled_by) for one in sampled(study.plan, strategy)]


def started_from(plan: Plan, pieces: list[Piece]) -> list[str]:
    """The starting structure of each trajectory, however often it was taken up again."""
    found = []
    for piece in pieces:
        (step,) = plan.steps[piece.key].inputs["frames"]
        while start := plan.steps[step].inputs.get("start"):
            (step,) = start
        found.append(step)
    return found


def test_presets_sample_as_the_paper_says(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, ["strategies={naive: 3, periodic: 3, hybrid: 2, long: 2, packed-first: 2}"])
    assert drivers(study, "naive") == ["main"] * 3
    assert drivers(study, "periodic") == ["main", "main periodic 1", "main periodic 2"]
    assert drivers(study, "hybrid") == ["main", "main", "main hybrid 1", "main hybrid 1"]
    assert drivers(study, "long") == ["main", "main"]
    assert drivers(study, "packed-first") == ["main packed-first 1"]
    plan = study.plan
    for strategy, goes_on in (("naive", False), ("periodic", True)):
        first, second = (started_from(plan, sampled(plan, strategy, number)) for number in (1, 2))
        assert first and second and (first == second) == goes_on
    # Test sets and own trajectories start where no training ever did.
    trained = set(started_from(plan, plan.all(SampledTrajectory, set_kind="training")))
    tested = set(started_from(plan, [one for one in plan.all(SampledTrajectory) if one.ref.set_kind != "training"]))
    assert trained and tested and not trained & tested


@pytest.mark.parametrize("train_from", ["foundation", "previous"])
def test_training_starts_where_it_was_told(toy: None, study_file: Path, train_from: str) -> None:
    study = Study.load(study_file, [f"strategies={{periodic: {{rounds: 3, train_from: {train_from}}}}}"])
    tuned = [one.key for one in study.plan.all(FineTuning)]
    starts = [study.plan.steps[key].inputs.get("start", ()) for key in tuned]
    assert starts == ([(), (), ()] if train_from == "foundation" else [(), (tuned[0],), (tuned[1],)])


def test_naive_subsets_are_cut_to_periodic(toy: None, study_file: Path) -> None:
    """With failing labels the counts differ from round to round; naive follows."""
    study = Study.load(
        study_file,
        [
            "strategies={naive: 3, periodic: 3}",
            "labeler={use: toy, fail_every: 3}",
            "tests={}",
            "self_generated={of: none}",
        ],
    )
    study.run(workers=0)
    done = study.stored.done
    tuned = [(one.ref, done[one.key].values) for one in study.plan.all(FineTuning) if one.key in done]
    sizes = {(ref.strategy, ref.round): values["train"] + values["valid"] for ref, values in tuned}
    pools = {one.ref.round: done[one.key].values["pool"] for one in study.plan.all(Dataset, strategy="naive")}
    for number in (1, 2, 3):
        assert sizes["naive", number] == min(sizes["periodic", number], pools[number])


def on_the_test_set(study: Study, potential: str) -> Any:
    (found,) = [s for s in study.stored.scores if (s["potential"], s["set"]) == (potential, "independent")]
    return found


def test_energies_of_another_theory_change_no_training(toy: None, study_file: Path) -> None:
    """The trap: labels hundreds of eV per atom away. Aligned by the core, they train as if they were not."""
    study = Study.load(study_file, ["strategies={periodic: 1}"])
    study.run(workers=0)
    (tuned,) = study.plan.all(FineTuning)
    found = study.stored.done[tuned.key].values
    assert found["reference_energies"]["shift"]["Ar"] == pytest.approx(-431.7, abs=0.1)
    assert found["curves"]["train_loss"][-1] < found["curves"]["train_loss"][0] < 0.1
    unaligned = Study.load(study_file, ["strategies={periodic: 1}", "fine_tune.reference_energies=none"])
    unaligned.run(workers=0)
    aligned_error, raw_error = (on_the_test_set(one, "main periodic 1")["forces"]["mae"] for one in (study, unaligned))
    assert raw_error > 3 * aligned_error


def test_a_fine_tuned_potential_answers_on_the_scale_of_its_labels(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, ["strategies={periodic: {rounds: 2, train_from: previous}}"])
    study.run(workers=0)
    states = ("main", "main periodic 1", "main periodic 2")
    errors = {state: on_the_test_set(study, state)["energy"]["mae"] for state in states}
    assert errors["main"] > 1e5
    assert errors["main periodic 1"] < 100
    assert errors["main periodic 2"] < 100


def test_zero_epochs_change_nothing(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, ["strategies={periodic: 1}", "fine_tune.epochs=0"])
    study.run(workers=0)
    stored = StoredSteps(study.store)
    before, after = (
        Predictions.read(stored[one.key], one.ref).predicted for one in study.plan.all(Predictions, set="independent")
    )
    assert len(before) == len(after) > 0
    for one, other in zip(map(Labels.of, before), map(Labels.of, after), strict=True):
        assert (one.forces == other.forces).all()
        assert one.energy == other.energy


def gathered(plan: Plan) -> dict[tuple[str, str], list[str]]:
    """Keys of what each potential has to train on with each strategy."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in plan.all(LabeledFrames, set_kind="training"):
        by = one.ref.gathered_by or Ref()
        found.setdefault((by.potential, by.strategy), []).append(one.key)
    return found


def test_shared_acquisition_trains_all_on_the_data_of_the_first(toy: None, study_file: Path) -> None:
    study = Study.load(
        study_file,
        ["potentials={main: toy, other: {use: toy, scale: 1.2}}", "acquisition=shared", "strategies={periodic: 2}"],
    )
    labels = gathered(study.plan)
    assert labels["main", "periodic"] == labels["other", "periodic"]
    assert len(labels["main", "periodic"]) == 2
    assert not study.run(workers=0).failed


def test_shared_data_are_gathered_by_the_first_potential_that_the_strategy_is_for(toy: None, study_file: Path) -> None:
    potentials = "potentials={main: toy, second: {use: toy, scale: 1.2}, third: {use: toy, scale: 1.4}}"
    strategies = "strategies={periodic: 2, naive: {rounds: 2, of: [second, third]}}"
    words = [potentials, "acquisition=shared", strategies, "tests={}", "self_generated={of: none}"]
    study = Study.load(study_file, words)
    labels = gathered(study.plan)
    assert ("main", "naive") not in labels
    assert labels["second", "naive"] == labels["third", "naive"]
    assert labels["main", "periodic"] == labels["second", "periodic"]
    assert set(drivers(study, "naive")) == {"second"}
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    titles = {study.plan.steps[key].title for key in labels["third", "naive"]}
    assert titles == {"second naive 1: label", "second naive 2: label"}


@pytest.mark.parametrize("sign", ["/", " "])
def test_names_that_read_the_same_when_joined_stay_apart(toy: None, study_file: Path, sign: str) -> None:
    """`a/b` with `c` is not `a` with `b/c`: each has its data in every table, and its own trajectory."""
    one, other = f"a{sign}b", f"b{sign}c"
    potentials = f"potentials={{{one}: toy, a: {{use: toy, scale: 1.3}}}}"
    ours, theirs = (f"{{preset: naive, rounds: 1, of: [{potential}]}}" for potential in (one, "a"))
    strategies = f"strategies={{c: {ours}, {other}: {theirs}}}"
    study = Study.load(study_file, [potentials, strategies, "descriptor=toy", "tests={}"])
    labels = gathered(study.plan)
    assert set(labels) == {(one, "c"), ("a", other)}
    assert labels[one, "c"] != labels["a", other]
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    (coverage,) = study.stored.findings("coverage")
    rows = coverage.table("unique").records()
    names = list(dict.fromkeys(coverage.table("coverage-points").column("data")))
    assert len(names) == 2
    assert len(rows) == 2 and {(row["set A"], row["set B"]) for row in rows} == {tuple(names), tuple(names[::-1])}
    tests = coverage.table("q-residuals").column("test set")
    assert len(set(tests)) == 4  # own trajectories: of both untouched potentials and of both fine-tuned ones


@pytest.mark.parametrize(
    ("strategies", "what"),
    [
        ("{naive: {rounds: 2, match: nobody}}", "there is no strategy 'nobody'"),
        ("{a: {preset: naive, match: b}, b: {preset: naive, match: a}}", "cannot match"),
        ("{few: {preset: subsets, data: train}}", "there is no data 'train'"),
    ],
)
def test_impossible_strategies_are_refused(toy: None, study_file: Path, strategies: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        Study.load(study_file, [f"strategies={strategies}"])
