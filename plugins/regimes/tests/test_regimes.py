"""Planted regimes of errors are found along trajectories, with the errors before and after; stationary ones are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis_inputs import fine_tuning, labeled, study, water
from whet import LABELER, FrameSet, Predictions, Ref, SampledTrajectory
from whet.testing.given_work import GivenWork
from whet_regimes.regimes import Regimes

MAIN, TUNED = Ref("main"), Ref("main", "periodic", 2, last=True)
COUNT, PLACE = 60, 36
SET = Ref(set="own trajectory of main", set_kind="self", sampled_by=MAIN, groups="trajectories")


def frames(seed: int, count: int = COUNT) -> list[Any]:
    return [water(1000 * seed + number, 0.03) for number in range(count)]


def answers(every: list[Any], residuals: Any, off: float = 0.05) -> FrameSet:
    """Labels off by so much energy (meV/atom) and force (eV/Å)."""
    forces = [np.full((3, 3), off)] * len(every)
    return labeled(every, [-10 + 3 * residual / 1000 for residual in residuals], forces)


def truth(every: list[Any]) -> FrameSet:
    return labeled(every, [-10.0] * len(every), [np.zeros((3, 3))] * len(every))


def residuals(seed: int, shift: float, count: int = COUNT) -> Any:
    """Around 12.7 meV/atom with a deviation of 1, and lower by `shift` from frame 36 on."""
    return 12.7 + np.random.default_rng(seed).normal(size=count) - shift * (np.arange(count) >= PLACE)


def inputs(
    shifts: list[float], count: int = COUNT, by: Ref = MAIN, other: bool = False, **rest: Any
) -> tuple[list[Predictions], list[SampledTrajectory]]:
    """Trajectories of main, each with a shift of its residual, and what potentials predict for them."""
    every = [frames(seed, count) for seed in range(len(shifts))]
    where = Ref(set=SET.set, set_kind="self", sampled_by=by, groups="trajectories")
    runs = []
    for number, own in enumerate(every):
        ref = Ref(set=where.set, set_kind="self", sampled_by=by, trajectory=number)
        given = {"times": [100.0 * (place + 1) for place in range(count)], "kept": range(count), **rest}
        driven = answers(own, residuals(number, shifts[number], count))
        runs.append(SampledTrajectory(ref, f"run {number}", own[0], driven, labeled=truth(own), **given))
    reference = FrameSet([frame for own in every for frame in truth(own)])
    numbers = [number for number in range(len(shifts)) for _ in range(count)]
    mine = [answers(own, residuals(number, shifts[number], count)) for number, own in enumerate(every)]
    made = [(MAIN, FrameSet([frame for own in mine for frame in own]))]
    if other:
        flat = [answers(own, residuals(number + 50, 0.0, count) - 6, 0.02) for number, own in enumerate(every)]
        made.append((TUNED, FrameSet([frame for own in flat for frame in own])))
    found = [
        Predictions(state.on(where), reference, predicted, range(len(reference)), (), numbers)
        for state, predicted in made
    ]
    return found, runs


def run(folder: Path, predictions: list[Predictions], runs: list[SampledTrajectory], **more: Any) -> Any:
    given = {"predictions": predictions, "trajectories": runs, **more}
    findings = Regimes(Regimes.Options()).run(GivenWork(folder, given))
    findings.check()
    return findings


def records(findings: Any, table: str) -> list[dict[str, Any]]:
    return findings.table(table).records()


def test_a_planted_regime_is_found_with_the_errors_of_both_potentials_before_and_after(tmp_path: Path) -> None:
    findings = run(tmp_path, *inputs([4.7], other=True))
    (change,) = records(findings, "regime-changes")
    assert (change["state"], change["series"]) == ("main", "energy residual")
    assert change["time"] == pytest.approx(3650, abs=100) and change["within"] <= 200
    assert change["before"] == pytest.approx(12.7, abs=0.5) and change["after"] == pytest.approx(8.0, abs=0.5)
    rows = {(row["state"], row["regime"]): row for row in records(findings, "regime-errors")}
    assert list(rows) == [("main", 1), ("main", 2), ("main periodic 2", 1), ("main periodic 2", 2)]
    own, other = residuals(0, 4.7), residuals(50, 0.0) - 6
    for state, series, force in (("main", own, 50), ("main periodic 2", other, 20)):
        for regime, part in ((1, series[:PLACE]), (2, series[PLACE:])):
            row = rows[state, regime]
            assert row["energy RMSE"] == pytest.approx(np.sqrt((part**2).mean()), rel=1e-6)
            assert row["energy MAE"] == pytest.approx(np.abs(part).mean(), rel=1e-6)
            assert row["mean residual"] == pytest.approx(part.mean(), rel=1e-6)
            assert row["force MAE"] == pytest.approx(force) and row["frames"] == len(part)


def test_a_stationary_residual_has_one_regime_and_nothing_is_claimed(tmp_path: Path) -> None:
    findings = run(tmp_path, *inputs([0.0] * 4))
    assert not records(findings, "regime-changes")
    assert [row["regime"] for row in records(findings, "regime-errors")] == [1] * 4
    verdict, of_forces = findings.verdicts
    assert verdict.claim == "no change of the energy residual of main is shown" and not verdict.decided
    assert of_forces.claim == "no change of the force error of main is shown" and not of_forces.decided


def test_force_errors_that_change_alone_are_claimed(tmp_path: Path) -> None:
    """Three times as large from frame 36 on, while the energy residual stays what it was."""
    (one,), runs = inputs([0.0] * 4)
    random = np.random.default_rng(7)
    energies = [frame.get_potential_energy() for frame in one.predicted]
    sizes = [0.05 * (3 if place % COUNT >= PLACE else 1) for place in range(len(energies))]
    forces = [size * random.normal(size=(3, 3)) for size in sizes]
    predicted = labeled(list(one.predicted), energies, forces)
    energy, force = run(tmp_path, [replace(one, predicted=predicted)], runs).verdicts
    assert energy.claim == "no change of the energy residual of main is shown"
    assert (force.claim, force.decided) == ("the force error of main changes its level in 4 of 4 trajectories", True)


@pytest.mark.parametrize(
    "shifts, claim, decided",
    [
        ([5, 5, 0, 0], "the energy residual of main changes its level in 2 of 4 trajectories", True),
        (
            [5, 0, 0, 0],
            "the energy residual of main changes its level in 1 of 4 trajectories, as chance may make it",
            False,
        ),
        ([5, 5, 5], "undecided: 3 trajectories", False),
    ],
)
def test_how_many_trajectories_change_is_held_against_chance(
    tmp_path: Path, shifts: list[float], claim: str, decided: bool
) -> None:
    verdict, _ = run(tmp_path, *inputs(shifts)).verdicts
    assert (verdict.claim, verdict.decided, verdict.units) == (claim, decided, len(shifts))


def test_the_driver_needs_no_predictions_where_its_frames_have_energies(tmp_path: Path) -> None:
    predictions, runs = inputs([4.7])
    assert records(run(tmp_path, [], runs), "regime-errors") == records(
        run(tmp_path, predictions, runs), "regime-errors"
    )
    _, runs = inputs([4.7], by=LABELER)
    assert run(tmp_path, [], runs).is_empty


def test_too_short_a_series_says_so_instead_of_a_number(tmp_path: Path) -> None:
    findings = run(tmp_path, *inputs([4.7], count=11))
    rows = records(findings, "regime-series")
    assert [row["changes"] for row in rows] == [None, None]
    assert rows[0]["remark"] == "too short: 11 independent frames, 20 are needed"
    assert not findings.verdicts
    assert findings.notes[-1] == ("1 of 1 series is too short for change points; each then counts as one regime.")


def test_untouched_potentials_are_aligned_by_their_first_fine_tuning(tmp_path: Path) -> None:
    predictions, runs = inputs([0.0])
    shift = {"H": 0.1, "O": -0.2 - 3 * 0.0127}
    findings = run(tmp_path, predictions, runs, **{"fine-tunings": [fine_tuning(TUNED, shift)]})
    (row,) = records(findings, "regime-errors")
    assert row["mean residual"] == pytest.approx(residuals(0, 0.0).mean() - 12.7, abs=1e-6)
    assert not findings.notes
    (note,) = run(tmp_path, predictions, runs).notes
    assert note.startswith("Energies of main are as predicted, without reference energies")


def test_frames_in_another_order_change_nothing(tmp_path: Path) -> None:
    predictions, (one,) = inputs([4.7])
    order = np.random.default_rng(0).permutation(COUNT)
    moved = SampledTrajectory(
        one.ref, one.title, one.start, one.frames.take(order), [one.times[k] for k in order], one.labeled.take(order),
        range(COUNT),
    )  # fmt: skip
    assert records(run(tmp_path, [], [moved]), "regime-changes") == records(
        run(tmp_path, predictions, [one]), "regime-changes"
    )


def test_predictions_of_other_frames_are_noted(tmp_path: Path) -> None:
    predictions, runs = inputs([0.0, 0.0])
    findings = run(tmp_path, predictions, runs[:1])
    assert findings.notes == ["main on own trajectory of main: its 120 frames are not those of the trajectories."]


def test_each_set_is_a_step_and_training_rounds_are_none() -> None:
    predictions, runs = inputs([0.0, 0.0])
    gathered = Ref(set="main periodic", set_kind="training", sampled_by=MAIN, gathered_by=TUNED, trajectory=0)
    training = SampledTrajectory(gathered, "round", runs[0].start, runs[0].frames, runs[0].times, FrameSet(()), ())
    (wanted,) = Regimes(Regimes.Options()).wants(study(*predictions, *runs, training, fine_tuning(TUNED, {})))
    assert wanted.label == SET.set
    assert {role: len(feeds) for role, feeds in wanted.inputs.items()} == {
        "predictions": 1,
        "trajectories": 2,
        "fine-tunings": 1,
    }
