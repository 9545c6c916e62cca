"""stability: a planted end is told with its time and its monitor, and a complete trajectory with its length."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from analysis_inputs import found, frames_of, labeled, own, rows, study, trajectory, water
from whet.analyses.stability import Stability, StabilityOptions
from whet.contracts.ref import LABELER, Ref
from whet.testing.analyses import check_analysis

MAIN = Ref("main")
BROKEN = {"monitor": "bond", "what": "the bond O–H of atoms 0 and 1 is 0.6 Å longer", "time": 12.5, "keeps": False}


def test_a_planted_end_is_told(tmp_path: Path) -> None:
    whole = trajectory(replace(own(MAIN), trajectory=0), frames_of(4))
    ended = trajectory(replace(own(MAIN), trajectory=1), frames_of(2), end=BROKEN)
    reference = trajectory(Ref(set="far", set_kind="independent", trajectory=0, sampled_by=LABELER), frames_of(3))
    findings = found(Stability, tmp_path, whole, ended, reference)
    first, second, third = rows(findings, "stability")
    assert (first["time"], first["ended by"]) == (30.0, "")
    assert (second["time"], second["ended by"], second["reason"]) == (12.5, "bond", BROKEN["what"])
    assert (third["state"], third["time"]) == ("reference dynamics", 20.0)
    assert findings.verdicts[0].claim == "1 of 3 trajectories ended early"
    assert findings.verdicts[0].prominent


def test_a_trajectory_that_two_strategies_share_counts_once() -> None:
    once = trajectory(Ref(set="main naive", set_kind="training", sampled_by=MAIN), frames_of(1))
    again = replace(once, ref=replace(once.ref, set="main periodic"))
    pieces = study(once, again)
    shared = replace(pieces, pieces=[replace(piece, key="one") for piece in pieces.pieces])
    (wanted,) = Stability(StabilityOptions()).wants(shared)
    assert len(wanted.inputs["trajectories"]) == 1


def test_it_passes_the_kit() -> None:
    assert check_analysis("stability").ok


def test_a_frame_beyond_a_limit_ends_the_stable_time(tmp_path: Path) -> None:
    frames = [water(0, 0.0), water(0, 0.0), water(0, 0.0)]
    frames[1].positions[1, 0] += 0.8
    gone = trajectory(replace(own(MAIN), trajectory=0), labeled(frames, [0.0] * 3, [np.zeros((3, 3))] * 3))
    later = replace(gone, ref=replace(gone.ref, trajectory=1), end=BROKEN)
    sooner = replace(gone, ref=replace(gone.ref, trajectory=2), end={**BROKEN, "time": 5.0})
    findings = found(Stability, tmp_path, gone, later, sooner)
    first, second, third = rows(findings, "stability")
    assert (first["time"], first["ended by"]) == (10.0, "bond")
    assert first["reason"].startswith("the bond H1-O2 of atoms 0 and 1 is 0.706 Å longer")
    assert (second["time"], second["ended by"]) == (10.0, "bond")
    assert (third["time"], third["reason"]) == (5.0, BROKEN["what"])
    assert findings.verdicts[0].claim == "3 of 3 trajectories ended early"
