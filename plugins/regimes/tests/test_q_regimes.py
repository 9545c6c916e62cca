"""Planted changes of Q along trajectories are found, with the errors before and after; stationary ones are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis_inputs import fine_tuning, labeled, predictions, study, trajectory, water
from whet import Column, Findings, Found, FrameSet, Piece, Ref, SampledTrajectory, Table
from whet.testing.given_work import GivenWork
from whet_regimes.q_series import QSeries
from whet_regimes.regimes import CAUTION, Regimes

COUNT, PLACE = 120, 72
ALLOWED = 0.05
"""Share of stationary series that may get a change point."""
MAIN, TUNED = Ref("main"), Ref("main", "periodic", 2, last=True)
NAMES = ("training data", "set", "trajectory", "frame", "time", "mean Q")
SET = "own trajectory of main"
WHERE = Ref(set=SET, set_kind="self", sampled_by=MAIN, groups="trajectories")


def truth(seed: int, count: int = COUNT) -> FrameSet:
    frames = [water(1000 * seed + number, 0.03) for number in range(count)]
    return labeled(frames, [0.0] * count, [np.zeros((3, 3))] * count)


def runs(number: int, count: int = COUNT) -> list[SampledTrajectory]:
    """Trajectories of main that have no labels: a frame every 100 fs."""
    times = [100.0 * (frame + 1) for frame in range(count)]
    return [
        trajectory(replace(WHERE, trajectory=one), truth(one, count), times=times, labeled=FrameSet(()), kept=())
        for one in range(number)
    ]


def autoregression(phi: float, count: int, random: np.random.Generator) -> np.ndarray:
    """A stationary series of variance 1 whose autocorrelation is φ^t."""
    noise, x = random.normal(size=count), np.zeros(count)
    x[0] = noise[0]
    for place in range(1, count):
        x[place] = phi * x[place - 1] + np.sqrt(1 - phi**2) * noise[place]
    return x


def q_of(seed: int, factor: float, count: int = COUNT) -> np.ndarray:
    """Log-normal and correlated, a millionth in size, and larger by a factor from frame 72 on."""
    x = autoregression(0.3, count, np.random.default_rng(seed))
    return 1e-6 * np.exp(0.4 * x) * np.where(np.arange(count) < PLACE, 1.0, factor)


def coverage(factors: dict[str, list[float]], count: int = COUNT, of: str = SET) -> Found:
    """What coverage-in-time finds: training data -> by so much Q changes in each trajectory."""
    rows = [
        [training, of, number + 1, frame, 100.0 * (frame + 1), float(q)]
        for training, each in factors.items()
        for number, factor in enumerate(each)
        for frame, q in enumerate(q_of(100 + number, factor, count))
    ]
    table = Table("q-in-time", "Q", [Column(name) for name in NAMES], rows, shown=False)
    return Found(Ref(), Findings("Coverage through time", tables=[table]))


def run(folder: Path, **given: Any) -> Findings:
    findings = Regimes(Regimes.Options()).run(GivenWork(folder, given))
    findings.check()
    return findings


def records(findings: Findings, table: str, **where: Any) -> list[dict[str, Any]]:
    rows = findings.table(table).records()
    return [row for row in rows if all(row[name] == value for name, value in where.items())]


def test_a_planted_change_is_found_where_it_is_with_the_errors_before_and_after(tmp_path: Path) -> None:
    frames, energies = truth(0), 0.03 + 0.003 * np.random.default_rng(1).normal(size=COUNT)  # eV in three atoms
    (one,) = runs(1)
    one = replace(one, labeled=frames, kept=range(COUNT))
    made = [
        predictions(TUNED.on(WHERE), frames, 0.02, energies.tolist()),
        predictions(MAIN.on(WHERE), frames, 0.05, (2 * energies).tolist()),
    ]
    findings = run(
        tmp_path, predictions=made, trajectories=[one], coverage=[coverage({"periodic": [8.0], "naive": [1.0]})]
    )
    (change,) = records(findings, "regime-changes", series="mean Q")
    assert (change["state"], change["seed"], change["training data"]) == ("", None, "periodic")
    assert (change["sampled by"], change["trajectory"], change["unit"]) == ("main", 1, "")
    assert change["time"] == pytest.approx(7250, abs=200) and change["within"] <= 300
    q, place = q_of(100, 8.0), round(change["time"] / 100 - 0.5)
    assert change["before"] == pytest.approx(q[:place].mean(), rel=1e-9)
    assert change["after"] == pytest.approx(q[place:].mean(), rel=1e-9)
    rows = {row["state"]: row for row in records(findings, "regime-q-errors")}
    assert set(rows) == {"main", "main periodic 2"}
    for state, factor, force in (("main", 2, 50), ("main periodic 2", 1, 20)):
        row, off = rows[state], 1000 * factor * np.abs(energies) / 3
        assert (row["training data"], row["time"]) == ("periodic", change["time"])
        assert row["energy MAE before"] == pytest.approx(off[:place].mean(), rel=1e-6)
        assert row["energy MAE after"] == pytest.approx(off[place:].mean(), rel=1e-6)
        assert row["force MAE before"] == pytest.approx(force) and row["force MAE after"] == pytest.approx(force)
        assert (row["frames before"], row["frames after"]) == (place, COUNT - place)


def test_q_needs_neither_labels_nor_predictions(tmp_path: Path) -> None:
    findings = run(tmp_path, trajectories=runs(1), coverage=[coverage({"periodic": [8.0]})])
    assert [row["series"] for row in records(findings, "regime-changes")] == ["mean Q"]
    assert [table.name for table in findings.tables] == ["regime-changes", "regime-series", "regime-q-points"]
    assert [figure.name for figure in findings.figures] == ["regimes-q"]
    assert "residual of whoever drove" not in findings.definition


def test_a_stationary_q_has_no_change_and_nothing_is_claimed(tmp_path: Path) -> None:
    findings = run(tmp_path, trajectories=runs(4), coverage=[coverage({"periodic": [1.0] * 4})])
    assert not records(findings, "regime-changes")
    (verdict,) = findings.verdicts
    assert verdict.claim == "no change of mean Q against periodic is shown" and not verdict.decided


@pytest.mark.parametrize("kind", ["log-normal", "χ²", "bursts"])
def test_a_stationary_skewed_series_has_a_change_in_five_percent_of_the_cases_at_most(kind: str) -> None:
    random, alarms, series = np.random.default_rng(6), 0, 300
    for number in range(series):
        phi, count = (0.0, 0.5, 0.8)[number % 3], (60, 120)[number % 2]
        x = autoregression(phi, count, random)
        if kind == "χ²":
            x = 2 * np.log(np.abs(x))
        elif kind == "bursts":
            rare = (random.random(count) < 0.05) * random.exponential(5, count)
            x = np.log(0.5 * np.exp(0.1 * x) + np.convolve(rare, phi ** np.arange(20))[:count])
        alarms += bool(QSeries("", "", 0, "", np.arange(count), np.exp(x)).change_points().found)
    assert alarms <= ALLOWED * series


def test_the_size_of_q_does_not_matter_and_none_at_all_is_no_change() -> None:
    times = np.arange(COUNT)
    found = [QSeries("", "", 0, "", times, size * q_of(1, 8.0)).change_points() for size in (1e-9, 1.0, 1e9)]
    assert len(found[0].found) == 1
    assert [one.found[0].place for one in found] == [found[0].found[0].place] * 3
    assert not QSeries("", "", 0, "", times, np.zeros(COUNT)).change_points().found


@pytest.mark.parametrize(
    "factors, claim, decided",
    [
        ([8, 8, 1, 1], "changes its level in 2 of 4 trajectories", True),
        ([8, 1, 1, 1], "changes its level in 1 of 4 trajectories, as chance may make it", False),
        ([8, 8, 8], "undecided: 3 trajectories", False),
    ],
)
def test_how_many_trajectories_change_is_held_against_chance(
    tmp_path: Path, factors: list[float], claim: str, decided: bool
) -> None:
    findings = run(tmp_path, trajectories=runs(len(factors)), coverage=[coverage({"periodic": factors})])
    (verdict,) = findings.verdicts
    said = verdict.claim.removeprefix("mean Q against periodic ")
    assert (said, verdict.decided, verdict.units) == (claim, decided, len(factors))
    assert verdict.question == "Does Q change along trajectories?" and "not unphysical behavior" in verdict.limits


def test_notes_say_what_q_detects_and_which_series_are_too_short(tmp_path: Path) -> None:
    findings = run(tmp_path, trajectories=runs(1, 11), coverage=[coverage({"periodic": [1.0]}, count=11)])
    assert findings.notes == [
        "Q-residuals detect outliers of the training set, not unphysical behavior.",
        "1 of 1 series of mean Q is too short for change points.",
    ]
    assert findings.notes[0] == CAUTION
    assert CAUTION not in run(tmp_path, trajectories=runs(1)).notes


def test_q_of_other_sets_is_left_alone(tmp_path: Path) -> None:
    assert run(tmp_path, trajectories=runs(1), coverage=[coverage({"periodic": [8.0]}, of="near")]).is_empty


def test_findings_of_coverage_feed_each_set_and_without_them_steps_are_as_before() -> None:
    pieces, analysis = study(*runs(1), fine_tuning(TUNED, {})), Regimes(Regimes.Options())
    (without,) = analysis.wants(pieces)
    assert "coverage" not in without.inputs
    mine, other = (Piece(Found.kind, Ref(), name, name) for name in ("coverage-in-time", "coverage"))
    (wanted,) = analysis.wants(replace(pieces, pieces=[*pieces.pieces, mine, other]))
    assert wanted.inputs == {**without.inputs, "coverage": [mine]}
