"""Softening in detail: parity, scale by size of the force, readings."""

from __future__ import annotations

import numpy as np
import pytest

from scored_sets import NEAR, OLD, evaluated, first_data, found_by, rows_by, scores_of
from whet.analyses.softening import MOST_POINTS, Softening
from whet.bias.pairs import Comparison
from whet.bias.softening_parts import softening_by_magnitude
from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.ref import Ref
from whet.testing.analyses import check_analysis

MAIN = Ref("main")
FEW = [Ref("main", "few", 1, seed, 6, last=True) for seed in (1, 2)]


def softening(tmp_path, *predictions, **inputs):
    return found_by(Softening, tmp_path, scores=[scores_of(tmp_path, *predictions, **inputs)], predictions=predictions)


def test_analysis_conforms():
    assert check_analysis("softening").ok


def test_readings_of_planted_softness_and_noise(tmp_path):
    found = softening(tmp_path, evaluated(MAIN, scale=0.7, noise=0.01), evaluated(FEW[0], scale=1.3, noise=0.01))
    rows = rows_by(found, "softening", "state")
    assert (rows["untouched"]["reading"], rows["few, 6 frames"]["reading"]) == ("soft", "stiff")
    assert rows["untouched"]["scale"] == pytest.approx(0.7, abs=0.01)
    assert rows["untouched"]["robust scale"] == pytest.approx(0.7, abs=0.01)
    assert rows["untouched"]["inverse slope"] == pytest.approx(1 / 0.7, abs=0.02)
    assert rows["untouched"]["in words"].startswith("soft beyond what noise explains")


def test_readings_tell_of_one_scale_too(tmp_path):
    training = [first_data("main", "few", 1, 0.7)]
    found = softening(tmp_path, evaluated(MAIN, scale=0.7, noise=0.01), training=training)
    assert list(rows_by(found, "softening", "state")) == ["untouched", "one scale"]
    assert set(found.table("parity").column("state")) == {"untouched"}


def test_scale_by_size_of_the_force(tmp_path):
    one = evaluated(MAIN, scale=0.7, noise=0.05)
    bins = softening_by_magnitude(Comparison.of(one.reference, one.predicted))
    rows = softening(tmp_path, one).table("magnitude").records()
    assert [(row["force from"], row["to"], row["scale"], row["atoms"]) for row in rows] == [
        (found.low, found.high, found.scale, found.atoms) for found in bins
    ]


def test_parity_shows_the_forces_and_the_scale(tmp_path):
    one = evaluated(MAIN, scale=0.7)
    points = softening(tmp_path, one).table("parity").records()
    drawn = np.array([(row["reference"], row["predicted"]) for row in points if row["kind"] == "point"])
    assert 0.9 * 12 * 4 * 3 < len(drawn) <= 12 * 4 * 3  # what is beyond the axes is left out
    assert drawn[:, 1] == pytest.approx(0.7 * drawn[:, 0])
    ends = [(row["reference"], row["predicted"]) for row in points if row["kind"] == "softening scale"]
    assert ends[1][1] / ends[1][0] == pytest.approx(0.7)


def test_points_are_thinned(tmp_path):
    kinds = softening(tmp_path, evaluated(MAIN, scale=0.7, frames=400)).table("parity").column("kind")
    assert 0.9 * MOST_POINTS < kinds.count("point") <= MOST_POINTS < 400 * 12


def test_of_several_seeds_the_first(tmp_path):
    every = [evaluated(MAIN), *(evaluated(state, noise=0.1) for state in FEW)]
    scores = scores_of(tmp_path, *every)
    found = found_by(Softening, tmp_path, scores=[scores], predictions=every[:2])
    assert all("Of several seeds, the first." in figure.caption for figure in found.figures)


def test_frames_left_out_are_not_drawn(tmp_path):
    found = softening(tmp_path, evaluated(MAIN, scale=0.7, out=[0, 1]))
    assert sum(row["atoms"] for row in found.table("magnitude").records()) == 10 * 4


def test_wants_the_first_seed_of_the_last_states():
    earlier = Ref("main", "periodic", 1, 1)
    later = [Ref("main", "periodic", 2, seed, last=True) for seed in (1, 2)]
    states = [MAIN, earlier, later[0], later[1], *FEW]
    pieces = [Piece("predictions", state.on(on)) for on in (NEAR, OLD) for state in states]
    pieces += [Piece("findings", on, on.set, "scores") for on in (NEAR, OLD)]
    (wanted,) = Softening(Softening.Options()).wants(StudyPieces("study", pieces))
    assert wanted.label == "near"
    assert [piece.ref.state for piece in wanted.inputs["predictions"]] == [MAIN, later[0], FEW[0]]
