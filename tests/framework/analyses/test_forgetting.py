"""Forgetting: planted losses on replay frames are found, and what was not lost is not claimed."""

from __future__ import annotations

import numpy as np
import pytest

from scored_sets import NEAR, OLD, evaluated, found_by, rows_by, scores_of
from whet.analyses.forgetting import Forgetting, ForgettingOptions
from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.ref import Ref

MAIN = Ref("main")


def naive(number, seed=1):
    return Ref("main", "naive", number, seed, last=number == 2)


def forgetting(tmp_path, on_old, on_near=()):
    tests = [scores_of(tmp_path, *on_near)] if on_near else []
    return found_by(Forgetting, tmp_path, scores=[scores_of(tmp_path, *on_old)], tests=tests, predictions=on_old)


def test_what_was_forgotten_and_what_was_gained(tmp_path):
    """Planted: errors of 0.1 f become 0.2 f on replay frames, and 0.3 f become 0.03 f on the test set."""
    old = [evaluated(MAIN, OLD, 0.9), evaluated(naive(1), OLD, 0.85), evaluated(naive(2), OLD, 0.8)]
    near = [evaluated(MAIN, NEAR, 0.7), evaluated(naive(1), NEAR, 0.9), evaluated(naive(2), NEAR, 0.97)]
    found = forgetting(tmp_path, old, near)
    rows = rows_by(found, "forgetting", "state")
    assert [rows[state]["after / before"] for state in rows] == pytest.approx([1.5, 2.0])
    assert [rows[state]["gain"] for state in rows] == pytest.approx([1 / 3, 0.1])
    assert {row["reading"] for row in rows.values()} == {"forgotten"}
    path = found.table("forgetting-points").records()
    line = [row["state"] for row in path if row["series"] == "naive"]
    assert line == ["untouched", "naive 1", "naive 2"]
    assert sum(row["drawn"] for row in path) == 3


def test_planted_null_is_undecided(tmp_path):
    old = [evaluated(MAIN, OLD, noise=0.1, frames=40), evaluated(naive(2), OLD, noise=0.1, frames=40, seed=99)]
    row = forgetting(tmp_path, old).table("forgetting").records()[0]
    assert row["reading"] == "undecided"
    assert row["after / before 95 % low"] < 1 < row["after / before 95 % high"]


def test_repetitions_are_averaged_and_their_spread_is_shown(tmp_path):
    old = [evaluated(MAIN, OLD, 0.9), *(evaluated(naive(2, seed), OLD, 0.9 - seed / 20) for seed in (1, 2, 3))]
    row = forgetting(tmp_path, old).table("forgetting").records()[0]
    assert row["after / before"] == pytest.approx(2.0) and row["seeds"] == 3
    assert row["after / before SD over seeds"] == pytest.approx(np.std([1.5, 2.0, 2.5], ddof=1))


def test_only_frames_that_both_have_are_compared(tmp_path):
    old = [evaluated(MAIN, OLD, 0.9, out=[0, 1]), evaluated(naive(2), OLD, 0.8, out=[5])]
    row = forgetting(tmp_path, old).table("forgetting").records()[0]
    assert row["after / before"] == pytest.approx(2.0)


def test_nothing_is_wanted_without_a_replay_set_or_a_fine_tuning():
    near = [Piece("predictions", naive(2).on(NEAR)), Piece("findings", NEAR, "one", "scores")]
    old = [Piece("predictions", MAIN.on(OLD)), Piece("findings", OLD, "two", "scores")]
    analysis = Forgetting(ForgettingOptions())
    assert analysis.wants(StudyPieces("study", [*near, *old])) == []
    (wanted,) = analysis.wants(StudyPieces("study", [*near, *old, Piece("predictions", naive(2).on(OLD))]))
    assert wanted.label == "old" and wanted.options == {"order": ["near"]}
