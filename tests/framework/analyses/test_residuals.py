"""residuals: a planted offset and drift come out, trajectories keep their times, and the alignment is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis_inputs import fine_tuning, found, frames_of, labeled, own, predictions, rows, study, trajectory
from whet.analyses.residuals import Residuals
from whet.contracts.findings import Findings
from whet.contracts.ports import Data, SampledTrajectory
from whet.contracts.ref import Ref

UNTOUCHED, TUNED = Ref("main"), Ref("main", "periodic", 3, 1, last=True)


def run(state: Ref, energies: Sequence[float], runs: int = 1, relaxes: float = 0.0, **rest) -> list[Data]:
    """Predictions with these energy errors (eV a molecule) along own trajectories of equal length, and those.

    relaxes: eV a molecule by which the energy of the driver falls from one frame to the next.
    """
    each = len(energies) // runs
    parts = [frames_of(each, seed=100 * number) for number in range(runs)]
    fall = [-relaxes * place for place in range(each)]
    parts = [labeled(list(part), fall, [frame.get_forces() for frame in part]) for part in parts]
    ref = own(state)
    every = [trajectory(replace(ref, trajectory=number), part, **rest) for number, part in enumerate(parts)]
    reference = sum(parts[1:], parts[0])
    reference = labeled(list(reference), [0.0] * len(reference), [frame.get_forces() for frame in reference])
    numbers = [number for number, part in enumerate(parts) for _ in part]
    of = replace(state.on(ref), trajectory=None)
    return [predictions(of, reference, energies=energies, trajectories=numbers), *every]


def test_a_planted_offset_and_drift_come_out(tmp_path: Path) -> None:
    """30 meV a molecule are 10 meV/atom; 3 meV a molecule each 10 fs are 100 meV/atom/ps."""
    energies = [0.030 + 0.003 * number for number in range(-5, 6)]
    (row,) = rows(found(Residuals, tmp_path, *run(UNTOUCHED, energies * 4, runs=4)), "residuals")
    assert row["mean"] == pytest.approx(10)
    assert row["drift"] == pytest.approx(100)
    assert row["drift 95 % low"] == pytest.approx(100)
    assert row["deviation"] == pytest.approx(np.std(energies) * 1000 / 3)
    assert row["alignment"] == "none"
    assert (row["trajectories"], row["frames"]) == (4, 44)


def test_what_does_not_drift_has_zero_in_its_interval(tmp_path: Path) -> None:
    energies = np.random.default_rng(3).normal(0, 0.01, 88).tolist()
    (row,) = rows(found(Residuals, tmp_path, *run(TUNED, energies, runs=8)), "residuals")
    assert row["drift 95 % low"] < 0 < row["drift 95 % high"]
    assert row["mean 95 % low"] < 0 < row["mean 95 % high"]


def columns(findings: Findings) -> list[str]:
    """Those that a page shows."""
    return [column.name for column in findings.table("residuals").columns if column.shown]


def test_a_drift_that_its_interval_does_not_decide_is_undecided_and_not_shown(tmp_path: Path) -> None:
    """The four slopes are 100, −100, 100 and −100 meV/atom/ps: over a run more than half a deviation."""
    up = [0.003 * number for number in range(11)]
    findings = found(Residuals, tmp_path, *run(UNTOUCHED, [*up, *reversed(up)] * 2, runs=4))
    (row,) = rows(findings, "residuals")
    assert row["drifts?"] == "undecided" and row["drift 95 % low"] < -50 < 50 < row["drift 95 % high"]
    assert columns(findings)[:2] == ["potential", "drifts?"] and "drift" not in columns(findings)


@pytest.mark.parametrize(("way", "word"), [(1, "up"), (-1, "down")])
def test_a_planted_drift_is_up_or_down(tmp_path: Path, way: int, word: str) -> None:
    findings = found(Residuals, tmp_path, *run(UNTOUCHED, [way * 0.003 * n for n in range(11)] * 4, runs=4))
    assert rows(findings, "residuals")[0]["drifts?"] == word and "drift" in columns(findings)


def test_a_drift_that_is_surely_small_is_none(tmp_path: Path) -> None:
    """Up and down by turns around lines that rise and fall by 0.2 meV/atom over 400 fs."""
    up = [0.01 * (-1) ** number + 0.000015 * (number - 20) for number in range(41)]
    findings = found(Residuals, tmp_path, *run(TUNED, [*up, *reversed(up)] * 2, runs=4))
    (row,) = rows(findings, "residuals")
    assert row["drifts?"] == "no" and row["drift 95 % low"] <= 0 <= row["drift 95 % high"]


def test_three_trajectories_have_a_drift_but_no_interval(tmp_path: Path) -> None:
    """However many frames they have: frames of one trajectory are no independent evidence."""
    energies = [0.003 * number for number in range(21)] * 3
    (row,) = rows(found(Residuals, tmp_path, *run(UNTOUCHED, energies, runs=3)), "residuals")
    assert row["drift"] == pytest.approx(100)
    assert row["drift 95 % low"] is None and row["mean 95 % low"] is None
    assert row["drifts?"] == "undecided: 3 trajectories"


def test_a_short_series_has_no_drift_and_the_note_says_why(tmp_path: Path) -> None:
    findings = found(Residuals, tmp_path, *run(UNTOUCHED, [0.0, 0.03, 0.06, 0.09] * 4, runs=4))
    (row,) = rows(findings, "residuals")
    assert row["drift"] is None and row["deviation"] is None and row["mean"] == pytest.approx(15)
    (note,) = findings.notes
    words = "No drift and no deviation of untouched: 30 fs are 3 periods of the fastest mode"
    assert note.replace("\N{NO-BREAK SPACE}", " ").startswith(words)


def test_an_unrelaxed_packing_has_no_drift_and_the_note_says_why(tmp_path: Path) -> None:
    """The driver's own energy falls by 10 meV/atom from frame to frame: the residual follows the relaxation."""
    findings = found(Residuals, tmp_path, *run(UNTOUCHED, [0.003 * n for n in range(11)] * 4, runs=4, relaxes=0.03))
    (row,) = rows(findings, "residuals")
    assert row["drift"] is None and row["deviation"] is None
    words = "No drift and no deviation of untouched: the driver's energy still falls, by 100.0 meV/atom over a run."
    assert findings.notes[0].replace("\N{NO-BREAK SPACE}", " ") == words


def test_given_energies_align_the_untouched_potential(tmp_path: Path) -> None:
    data = [*run(UNTOUCHED, [0.3, 0.3]), *run(TUNED, [0.3, 0.3]), fine_tuning(TUNED, {"O": -0.3, "H": 0.0})]
    first, second = rows(found(Residuals, tmp_path, *data), "residuals")
    assert (first["alignment"], first["mean"]) == ("given", pytest.approx(0, abs=1e-9))
    assert (second["alignment"], second["mean"]) == ("none", pytest.approx(100))


def test_a_single_frame_has_no_drift_and_no_interval(tmp_path: Path) -> None:
    (row,) = rows(found(Residuals, tmp_path, *run(UNTOUCHED, [0.03])), "residuals")
    assert row["mean"] == pytest.approx(10)
    assert row["drift"] is None
    assert row["mean 95 % low"] is None


def test_trajectories_stay_apart_and_in_their_order(tmp_path: Path) -> None:
    """Predictions follow the numbers of trajectories, in whatever order these are given."""
    energies = [0.0, 0.03, 0.06, 0.3, 0.33, 0.36]
    scores, one, other = run(UNTOUCHED, energies, runs=2)
    forward = found(Residuals, tmp_path, scores, one, other)
    points = rows(forward, "residual-points")
    assert [point["run"] for point in points] == [1, 1, 1, 2, 2, 2]
    assert [point["time"] for point in points] == [0, 10, 20, 0, 10, 20]
    assert [point["residual"] for point in points] == pytest.approx([0, 10, 20, 100, 110, 120])
    assert found(Residuals, tmp_path, scores, other, one).as_json() == forward.as_json()


def test_long_times_are_in_picoseconds(tmp_path: Path) -> None:
    findings = found(Residuals, tmp_path, *run(UNTOUCHED, [0.0, 0.0], times=[0.0, 1500.0]))
    (column,) = [one for one in findings.table("residual-points").columns if one.name == "time"]
    assert column.unit == "ps"
    assert rows(findings, "residual-points")[1]["time"] == 1.5


def test_frames_without_a_label_take_no_time_of_others(tmp_path: Path) -> None:
    scores, one = run(UNTOUCHED, [0.0, 0.03], times=[0.0, 10.0, 20.0], kept=[0, 2])
    assert isinstance(one, SampledTrajectory)
    one = replace(one, frames=frames_of(3))
    points = rows(found(Residuals, tmp_path, scores, one), "residual-points")
    assert [point["time"] for point in points] == [0, 20]


def test_nothing_predicted_is_said_and_no_trajectory_wants_nothing(tmp_path: Path) -> None:
    scores, one = run(UNTOUCHED, [0.0, 0.0])
    empty = predictions(scores.ref, frames_of(0), left_out=[(0, "it exploded"), (1, "it exploded")])
    findings = found(Residuals, tmp_path, empty, one)
    assert findings.is_empty
    assert "no frame was predicted" in findings.notes[0]
    assert Residuals(Residuals.Options()).wants(study(scores)) == []


def test_predictions_on_trajectories_of_others_do_not_count() -> None:
    strange = predictions(TUNED.on(own(UNTOUCHED)), frames_of(2))
    assert Residuals(Residuals.Options()).wants(study(strange, *run(UNTOUCHED, [0.0, 0.0])[1:])) == []
