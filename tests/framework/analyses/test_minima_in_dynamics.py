"""minima: mean bond lengths in dynamics confirm a planted displacement, contradict its opposite, and decide no null."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analysis_inputs import found, frames_of, labeled, own, study, trajectory
from harmonic_water import UNTOUCHED, predicted
from whet.analyses.bonds import Bonds
from whet.analyses.minima import Minima
from whet.contracts.analysis import Piece
from whet.contracts.findings import Verdict
from whet.contracts.ports import Found, SampledTrajectory
from whet.contracts.ref import LABELER, Ref
from whet.data.frames import FrameSet
from whet.testing.given_work import GivenWork

DYNAMICS = Ref(set="dynamics", set_kind="independent", sampled_by=LABELER, groups="trajectories")


def ran(ref: Ref, runs: int, seed: int, factor: float = 1.0) -> list[SampledTrajectory]:
    """Trajectories of water whose every bond is longer by a factor."""
    made = []
    for number in range(runs):
        frames = [frame.copy() for frame in frames_of(11, seed=seed + 100 * number)]
        for frame in frames:
            frame.positions *= factor
        part: FrameSet = labeled(frames, [0.0] * 11, [[[0.0] * 3] * 3] * 11)
        made.append(trajectory(replace(ref, trajectory=number), part))
    return made


def answered(folder: Path, runs: int, factor: float) -> Verdict:
    """Forces want H1-O2 longer by 0.02 Å; in own dynamics it is longer by this factor."""
    bonds = found(Bonds, folder, *ran(DYNAMICS, runs, 0), *ran(own(UNTOUCHED), runs, 5000, factor))
    work = GivenWork(folder, {"main": [predicted(UNTOUCHED, 0.02)], "bonds": [Found(Ref(), bonds)]})
    (verdict,) = Minima(Minima.Options()).run(work).verdicts  # pyright: ignore[reportArgumentType]
    assert verdict.decided and verdict.claim.startswith("main: H1-O2 longer by 0.020 Å [0.0")
    return verdict


@pytest.mark.parametrize(
    ("runs", "factor", "claim", "evidence"),
    [
        (5, 1.2, "confirm H1-O2", "H1-O2 +0.1"),
        (5, 0.85, "confirm none and contradict H1-O2", "H1-O2 −0.1"),
        (5, 1.0, "confirm none", "(undecided, p "),
        (3, 1.2, "dynamics: undecided", "(undecided)"),
    ],
)
def test_an_answer_says_whether_dynamics_agree(
    tmp_path: Path, runs: int, factor: float, claim: str, evidence: str
) -> None:
    verdict = answered(tmp_path, runs, factor)
    assert verdict.claim.endswith(claim) and verdict.claim.count("mean lengths in dynamics") == 1
    said = verdict.evidence.split("; ")[0]
    assert said.startswith("mean lengths in dynamics: H1-O2 ") and evidence in said


def test_other_potentials_dynamics_are_nothing_to_this_one(tmp_path: Path) -> None:
    bonds = found(Bonds, tmp_path, *ran(DYNAMICS, 5, 0), *ran(own(Ref("other")), 5, 5000, 1.2))
    work = GivenWork(tmp_path, {"main": [predicted(UNTOUCHED, 0.02)], "bonds": [Found(Ref(), bonds)]})
    (verdict,) = Minima(Minima.Options()).run(work).verdicts  # pyright: ignore[reportArgumentType]
    assert "dynamics" not in verdict.claim + verdict.evidence


def test_lengths_are_wanted_where_both_dynamics_are() -> None:
    both = [*ran(DYNAMICS, 1, 0), *ran(own(UNTOUCHED), 1, 5000)]
    lengths = Piece(Found.kind, Ref(), "bonds-key", "bonds")
    for runs, wanted in ((both, ["main", "bonds"]), (both[:1], ["main"]), (both[1:], ["main"])):
        pieces = study(predicted(UNTOUCHED, 0.0), *runs)
        (one,) = Minima(Minima.Options()).wants(replace(pieces, pieces=[*pieces.pieces, lengths]))
        assert list(one.inputs) == wanted
