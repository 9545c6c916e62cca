"""kinisi: walks whose coefficient is known, the package called by hand, and what the analysis says of several runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from made_trajectories import found, own, reference, trajectory
from whet import MissingPackage, StudyPieces
from whet_observables.diffusion import PER_UNIT
from whet_observables.kinisi_diffusion import KinisiDiffusion, KinisiOptions, coefficients

from .test_diffusion import liquid, walk

pytest.importorskip("kinisi", reason="kinisi is not installed: pip install 'whet-observables[kinisi]'")
SHORT = {"start": 20.0, "equilibration": 100.0, "intervals": 30}


def test_a_known_coefficient_is_within_the_interval_of_a_single_run() -> None:
    random, options, inside = np.random.default_rng(5), KinisiOptions(**SHORT), 0
    for _ in range(12):
        draws = coefficients(walk(random, 2e-3, 6, 150, 10.0), 10.0, options)
        low, high = np.percentile(draws, [2.5, 97.5])
        inside += low <= 2e-3 * PER_UNIT <= high
    assert inside >= 9  # of 12: fewer in 0.02 % of all cases where 95 % hold


def test_it_is_kinisi_called_by_hand() -> None:
    """Of wrapped atoms, which kinisi unwraps."""
    import scipp
    from kinisi import diffusion, displacement, parser

    untyped: Any = parser.Parser, diffusion.Diffusion, displacement.calculate_msd
    make_parser, make_fit, msd_of = untyped
    places = walk(np.random.default_rng(7), 2e-3, 8, 60, 10.0) + 5
    by_hand = make_parser(
        scipp.array(dims=["time", "particle", "dimension"], values=places % 20.0 / 20.0),
        scipp.array(dims=["time", "row", "column"], values=[20.0 * np.eye(3)] * 60, unit="angstrom"),
        scipp.scalar(10.0, unit="fs"),
        scipp.scalar(1),
        specie_indices=scipp.arange("particle", 8),
        drift_indices=scipp.arange("particle", 0),
    )
    fit = make_fit(msd_of(by_hand, progress=False))
    fit.bayesian_regression(scipp.scalar(20.0, unit="fs"), progress=False, random_state=np.random.RandomState(1))
    moved = by_hand.displacements.transpose(["obs", "particle", "dimension"]).values
    np.testing.assert_allclose(moved, places[1:] - places[0], atol=1e-9)
    # From the very same bits: a chain of draws departs from any other.
    draws = coefficients(np.concatenate([0 * moved[:1], moved]), 10.0, KinisiOptions(start=20.0))
    np.testing.assert_allclose(draws, PER_UNIT * fit.gradient.values / 6, rtol=1e-12)


@pytest.mark.slow
def test_a_planted_difference_is_found_and_its_null_is_not(tmp_path: Path) -> None:
    runs = [trajectory(reference(n), liquid(n, 1e-3), 10.0) for n in range(4)]
    slower = [trajectory(own(n), liquid(100 + n, 4e-4), 10.0) for n in range(4)]
    rows = {
        (row["state"], row["species"]): row
        for row in found(KinisiDiffusion, tmp_path, *runs, *slower, **SHORT).table("kinisi").records()
    }
    assert rows["reference dynamics", "Ar"]["D"] == pytest.approx(100, rel=0.25)
    assert rows["main", "Ar"]["difference 95 % high"] < 0
    same = [trajectory(own(n), liquid(50 + n, 1e-3), 10.0) for n in range(4)]
    (null,) = [
        row
        for row in found(KinisiDiffusion, tmp_path, *runs, *same, **SHORT).table("kinisi").records()
        if (row["state"], row["species"]) == ("main", "Ar")
    ]
    assert null["difference 95 % low"] < 0 < null["difference 95 % high"]


def test_one_run_has_the_interval_of_its_posterior_and_no_other(tmp_path: Path) -> None:
    findings = found(KinisiDiffusion, tmp_path, trajectory(own(0), liquid(0, 1e-3), 10.0), **SHORT)
    row, run = findings.table("kinisi").records()[0], findings.table("kinisi-runs").records()[0]
    assert row["error over"] == "posterior" and row["D 95 % low"] is None
    assert run["D 95 % low"] < run["D"] < run["D 95 % high"]
    again = found(KinisiDiffusion, tmp_path, trajectory(own(0), liquid(0, 1e-3), 10.0), **SHORT)
    assert again.table("kinisi-runs").records()[0] == run


def test_short_trajectories_say_what_is_needed(tmp_path: Path) -> None:
    findings = found(KinisiDiffusion, tmp_path, trajectory(own(0), liquid(0, 1e-3), 10.0))
    assert findings.is_empty
    assert findings.notes[0] == (
        "main, 1 of 1 trajectories: too short: 10 frames that last more than 20 ps are needed after 100 ps of "
        "equilibration (options `start`, `equilibration`)."
    )


def test_without_the_package_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whet_observables.kinisi_diffusion.find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match=r"pip install 'whet-observables\[kinisi\]'"):
        KinisiDiffusion(KinisiOptions()).wants(StudyPieces("test", []))


def test_frames_without_boundaries_are_told(tmp_path: Path) -> None:
    frames = [frame.copy() for frame in liquid(0, 1e-3)]
    for frame in frames:
        frame.pbc = False
    findings = found(KinisiDiffusion, tmp_path, trajectory(own(0), frames, 10.0), **SHORT)
    assert findings.notes[0].endswith("a diffusion coefficient needs frames that are periodic in all directions.")
