"""rdf: a bond that is planted too long is found; the same liquid twice is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from ase import Atoms

from made_trajectories import box, found, own, reference, trajectory
from whet import Piece, StudyPieces
from whet_observables.rdf import RadialDistribution, RadialDistributionOptions


def nitrogen(seed: int, length: float = 1.10, frames: int = 20) -> list[Atoms]:
    """Eight N₂ at random places in a box, none near another, their bonds of normal lengths (±0.03 Å)."""
    random = np.random.default_rng(seed)
    grid = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * 5.0
    made = []
    for _ in range(frames):
        middles = grid + random.normal(0, 0.5, (8, 3))
        axes = random.normal(size=(8, 3))
        axes /= np.linalg.norm(axes, axis=1)[:, None]
        half = axes * random.normal(length, 0.03, (8, 1)) / 2
        made.append(box("N16", np.concatenate([middles - half, middles + half]), 10.0))
    return made


def test_a_bond_that_is_too_long_is_found(tmp_path: Path) -> None:
    runs = [trajectory(reference(n), nitrogen(n)) for n in range(4)]
    runs += [trajectory(own(n), nitrogen(100 + n, 1.13)) for n in range(4)]
    findings = found(RadialDistribution, tmp_path, *runs, width=0.02)
    table = findings.table("rdf-peaks").records()
    (row,) = [one for one in table if one["state"] == "main" and one["atoms"] == "all atoms"]
    assert abs(row["position"] - 1.13) < 0.01
    assert abs(row["Δ position"] - 0.03) < 0.012
    assert row["Δ position 95 % low"] > 0
    (verdict,) = findings.verdicts
    assert verdict.decided
    assert verdict.units == 4
    assert verdict.claim.startswith("main: first peaks differ: position of N–N +0.0")
    assert {figure.name for figure in findings.figures} == {"rdf", "rdf-between-molecules"}
    assert any("Half the least height of a cell is all that is counted: 5.00 Å" in note for note in findings.notes)


def test_the_same_liquid_is_not_told_apart(tmp_path: Path) -> None:
    claims = 0
    for seed in range(0, 400, 20):
        runs = [trajectory(reference(n), nitrogen(seed + n, frames=14)) for n in range(4)]
        runs += [trajectory(own(n), nitrogen(seed + 10 + n, frames=14)) for n in range(4)]
        findings = found(RadialDistribution, tmp_path, *runs)
        assert findings.table("rdf-peaks").records()[-2]["Δ position"] is not None
        claims += findings.verdicts[0].decided
    assert claims <= 3  # of 20 at 5 %: more have a probability of 1.6 %


def test_fewer_than_four_trajectories_decide_nothing(tmp_path: Path) -> None:
    runs = [trajectory(reference(n), nitrogen(n)) for n in range(4)]
    runs += [trajectory(own(n), nitrogen(100 + n, 1.3)) for n in range(3)]
    findings = found(RadialDistribution, tmp_path, *runs)
    (verdict,) = findings.verdicts
    assert not verdict.decided
    assert verdict.claim == "undecided: 3 trajectories"
    rows = [row for row in findings.table("rdf-peaks").records() if row["state"] == "main"]
    bonded, apart = rows
    assert bonded["Δ position"] is not None and bonded["Δ position 95 % low"] is None
    assert apart["position"] is None, "molecules that are strewn at random have no first peak"


def test_training_trajectories_are_not_looked_at() -> None:
    ref = replace(own(0), set_kind="training")
    made = RadialDistribution(RadialDistributionOptions())
    assert not made.wants(StudyPieces("test", [Piece("trajectories", ref, "step")]))


def test_without_a_reference_there_are_numbers_and_no_verdict(tmp_path: Path) -> None:
    findings = found(RadialDistribution, tmp_path, *[trajectory(own(n), nitrogen(n)) for n in range(4)])
    assert not findings.verdicts
    assert "There is no dynamics of the reference (`driver: labeler`, or files with `sampled_by: reference`)." in list(
        findings.notes
    )
