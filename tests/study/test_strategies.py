"""Strategies: what each preset gathers, from where it trains, and that two theories' energies are aligned first."""

from __future__ import annotations

from pathlib import Path

import pytest

from whet import Study
from whet.data.errors import InputError

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
    scores = {score.label: score.softening.slopes.scale for score in study.results.scores if not score.correction}
    tuned = [scale for label, scale in scores.items() if label != "main" and scale is not None]
    assert tuned
    assert scores["main"] == pytest.approx(0.6, abs=0.1)
    assert all(scale > 0.85 for scale in tuned)


def drivers(study: Study, strategy: str) -> list[str]:
    return [
        t.driver.label if t.driver else "labeler"
        for a in study.plan.acquisitions
        if a.strategy == strategy
        for t in a.trajectories
    ]


def test_presets_sample_as_the_paper_says(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, ["strategies={naive: 3, periodic: 3, hybrid: 2, long: 2, packed-first: 2}"])
    assert drivers(study, "naive") == ["main"] * 3
    assert drivers(study, "periodic") == ["main", "main periodic 1", "main periodic 2"]
    assert drivers(study, "hybrid") == ["main", "main", "main hybrid 1", "main hybrid 1"]
    assert drivers(study, "long") == ["main", "main"]
    assert drivers(study, "packed-first") == ["main packed-first 1"]
    starts = {a.strategy: [t.structure for t in a.trajectories] for a in study.plan.acquisitions if a.round == 2}
    first = {a.strategy: [t.structure for t in a.trajectories] for a in study.plan.acquisitions if a.round == 1}
    assert starts["naive"] != first["naive"]
    assert starts["periodic"] == first["periodic"]
    # Test sets and own trajectories start where no training ever did.
    trained = {t.structure for a in study.plan.acquisitions for t in a.trajectories}
    tested = {t.structure for t in study.plan.trajectories if t.purpose != "acquisition"}
    assert not trained & tested


@pytest.mark.parametrize("train_from", ["foundation", "previous"])
def test_training_starts_where_it_was_told(toy: None, study_file: Path, train_from: str) -> None:
    study = Study.load(study_file, [f"strategies={{periodic: {{rounds: 3, train_from: {train_from}}}}}"])
    tuned = [member.step for member in study.plan.members if member.step]
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
    sizes = {
        (member.strategy, member.round): sum(study.results.training(member)[part] for part in ("train", "valid"))
        for member in study.plan.members
        if member.step and study.results.training(member)
    }
    pools = {a.round: study.results.values(a.dataset)["pool"] for a in study.plan.acquisitions if a.strategy == "naive"}
    for number in (1, 2, 3):
        assert sizes["naive", number] == min(sizes["periodic", number], pools[number])


def test_energies_of_another_theory_change_no_training(toy: None, study_file: Path) -> None:
    """The trap: labels hundreds of eV per atom away. Aligned by the core, they train as if they were not."""
    study = Study.load(study_file, ["strategies={periodic: 1}"])
    study.run(workers=0)
    (member,) = [m for m in study.plan.members if m.step]
    found = study.results.training(member)
    assert found["reference_energies"]["shift"]["Ar"] == pytest.approx(-431.7, abs=0.1)
    assert found["curves"]["train_loss"][-1] < found["curves"]["train_loss"][0] < 0.1
    unaligned = Study.load(study_file, ["strategies={periodic: 1}", "fine_tune.reference_energies=none"])
    unaligned.run(workers=0)
    (other,) = [m for m in unaligned.plan.members if m.step]
    aligned_error, raw_error = (
        next(s.errors.forces.mae for s in st.results.scores if s.member == m and s.test.name == "independent")
        for st, m in ((study, member), (unaligned, other))
    )
    assert raw_error > 3 * aligned_error


def test_a_fine_tuned_potential_answers_on_the_scale_of_its_labels(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, ["strategies={periodic: {rounds: 2, train_from: previous}}"])
    study.run(workers=0)
    scores = {s.label: s.errors.energy_raw.mae for s in study.results.scores if s.test.name == "independent"}
    assert scores["main"] > 1e5
    assert scores["main periodic 1"] < 100
    assert scores["main periodic 2"] < 100


def test_zero_epochs_change_nothing(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, ["strategies={periodic: 1}", "fine_tune.epochs=0"])
    study.run(workers=0)
    scores = {s.label: s.comparison.predicted for s in study.results.scores if s.test.name == "independent"}
    assert (scores["main"].forces == scores["main periodic 1"].forces).all()
    assert (scores["main"].energies == scores["main periodic 1"].energies).all()


def test_shared_acquisition_trains_all_on_the_data_of_the_first(toy: None, study_file: Path) -> None:
    study = Study.load(
        study_file,
        ["potentials={main: toy, other: {use: toy, scale: 1.2}}", "acquisition=shared", "strategies={periodic: 2}"],
    )
    labels = {a.potential: [] for a in study.plan.acquisitions}
    for a in study.plan.acquisitions:
        labels[a.potential].append(a.labels)
    assert labels["main"] == labels["other"]
    assert not study.run(workers=0).failed


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
