"""density: means, errors of correlated series, and divergences whose value is known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from made_trajectories import Made, box, found, own, reference, trajectory
from whet_observables.density import Density
from whet_observables.density_series import (
    block_error,
    common_edges,
    distribution,
    divergence,
    divergence_among,
    kl_divergence,
)
from whet_observables.run_means import RunMean


def argon(density: float) -> Atoms:
    """Four atoms in a cube of that density, g/cm³."""
    frame = box("Ar4", np.arange(12).reshape(4, 3) * 1.0, 10.0)
    side = (frame.get_masses().sum() / density * 1.66053906660) ** (1 / 3)
    frame.set_cell([side] * 3, scale_atoms=True)
    return frame


def run(ref, seed: int, mean: float, frames: int = 60):
    values = np.random.default_rng(seed).normal(mean, 0.02, frames)
    return trajectory(ref, Made(frames, lambda place: argon(float(values[place]))), 10.0)


def test_gaussians_have_the_divergence_that_is_known() -> None:
    random = np.random.default_rng(0)
    reference_series = [random.normal(1.0, 0.02, 50_000)]
    for mean, width in ((1.0, 0.02), (1.02, 0.02), (1.0, 0.015), (0.98, 0.018)):
        series = [random.normal(mean, width, 50_000)]
        exact = math.log(0.02 / width) + (width**2 + (mean - 1.0) ** 2) / (2 * 0.02**2) - 0.5
        assert divergence(series, reference_series) == pytest.approx(exact, abs=0.02)


def test_hand_computed_divergence() -> None:
    p, q = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.25, 0.5])
    assert kl_divergence(p, q) == pytest.approx(0.25 * math.log(2))
    assert distribution([np.array([0.1, 0.9, 0.9])], np.array([0.0, 0.5, 1.0])) == pytest.approx([1.5 / 4, 2.5 / 4])


def test_distributions_that_do_not_touch_are_far_and_finite() -> None:
    random = np.random.default_rng(0)
    far = divergence([random.normal(0.5, 0.02, 500)], [random.normal(1.0, 0.02, 500)])
    assert 3 < far < 20


def test_the_pair_null_needs_two() -> None:
    random = np.random.default_rng(0)
    series = [random.normal(1.0, 0.02, 2000) for _ in range(3)]
    edges = common_edges(series, ())
    among = divergence_among(series, edges)
    assert among is not None
    assert 0 < among < 0.02
    assert divergence_among(series[:1], edges) is None


def test_blocks_find_the_error_of_a_correlated_series() -> None:
    random, decay = np.random.default_rng(5), 0.9
    exact = math.sqrt((1 + decay) / (1 - decay) / 4096)
    errors, naive = [], []
    for _ in range(40):
        noise = random.normal(size=4096) * math.sqrt(1 - decay**2)
        series = np.zeros(4096)
        for place in range(1, 4096):
            series[place] = decay * series[place - 1] + noise[place]
        errors.append(block_error(series))
        naive.append(series.std() / 64)
    assert np.mean(naive) < 0.3 * exact
    assert exact * 0.9 < np.mean(errors) < 1.8 * exact
    assert block_error(np.arange(7.0)) is None


def test_a_planted_difference_is_found_and_its_null_is_not(tmp_path: Path) -> None:
    runs = [run(reference(n), n, 1.00) for n in range(4)]
    runs += [run(own(n), 100 + n, 1.03) for n in range(4)]
    findings = found(Density, tmp_path, *runs)
    first, second = findings.table("density").records()
    assert first["state"] == "reference dynamics"
    assert first["density"] == pytest.approx(1.0, abs=0.005)
    assert second["difference"] == pytest.approx(0.03, abs=0.006)
    assert second["D_KL"] == pytest.approx(0.5 * 1.5**2, rel=0.35)
    assert second["D_KL"] > 5 * second["D_KL null"] > 0
    (verdict,) = findings.verdicts
    assert verdict.decided
    assert verdict.claim.startswith("main: +0.0")
    same = found(Density, tmp_path, *runs[:4], *[run(own(n), 200 + n, 1.00) for n in range(4)])
    assert not same.verdicts[0].decided
    assert same.verdicts[0].claim.startswith("main: not told apart from the reference")


def test_one_trajectory_has_the_error_of_its_blocks_and_decides_nothing(tmp_path: Path) -> None:
    findings = found(Density, tmp_path, run(reference(0), 0, 1.0), run(own(0), 1, 1.1))
    rows = findings.table("density").records()
    assert [row["error over"] for row in rows] == ["blocks", "blocks"]
    assert all(0.001 < row["standard error"] < 0.01 for row in rows)
    assert all(row["density 95 % low"] is None for row in rows)
    assert findings.verdicts[0].claim == "undecided: 1 trajectory"


def test_a_fixed_cell_has_no_density(tmp_path: Path) -> None:
    frames = [argon(1.0)] * 3
    findings = found(Density, tmp_path, trajectory(own(0), frames))
    assert list(findings.notes) == [
        "The cells of all trajectories are fixed, and with them the densities (`ensemble: npt` moves them)."
    ]


def test_intervals_are_those_of_student_and_welch() -> None:
    from scipy import stats

    one, other = [1.0, 1.2, 0.9, 1.1, 1.3], [0.7, 0.9, 0.8, 0.6]
    first, second = RunMean.of(one), RunMean.of(other)
    assert first is not None
    assert second is not None
    low, high = stats.t.interval(0.95, 4, np.mean(one), stats.sem(one))
    assert first.estimate.interval == pytest.approx((low, high))
    welch = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert first.less(second).interval == pytest.approx((welch.low, welch.high))
    assert RunMean.of([1.0]).estimate.interval is None  # pyright: ignore[reportOptionalMemberAccess]


def test_a_density_that_still_changes_decides_nothing(tmp_path: Path) -> None:
    def falling(ref, seed: int):
        values = np.random.default_rng(seed).normal(1.1, 0.02, 60) - np.linspace(0, 0.05, 60)
        return trajectory(ref, Made(60, lambda place: argon(float(values[place]))), 10.0)

    runs = [run(reference(n), n, 1.0) for n in range(4)] + [falling(own(n), 100 + n) for n in range(4)]
    findings = found(Density, tmp_path, *runs)
    assert not findings.verdicts[0].decided
    assert findings.verdicts[0].claim.startswith(
        "main: undecided, a density still changes along the trajectories (+0.0"
    )
    assert any(note.startswith("main: the density still falls, by 0.0") for note in findings.notes)
    assert not any(note.startswith("reference") for note in findings.notes)
