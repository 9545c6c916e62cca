"""Scores: errors and softening that were planted, over seeds, with what is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scored_sets import NEAR, evaluated, first_data, found_by, labeled, predicted, rows_by, scores_of, tuned
from whet.analyses.parts.series_table import series_rows
from whet.analyses.scores import Scores
from whet.bias.errors import errors
from whet.bias.pairs import Comparison
from whet.bias.softening import softening
from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.ports import Predictions
from whet.contracts.ref import LABELER, RATTLE, Ref
from whet.data.frames import FrameSet
from whet.data.labels import Labels
from whet.study import scores as public

MAIN = Ref("main")
FEW = [Ref("main", "few", 1, seed, 6, last=True) for seed in (1, 2, 3)]


def comparison(of: Predictions) -> Comparison:
    return Comparison.of_predictions(of)


def test_planted_softness_and_noise(tmp_path):
    found = scores_of(tmp_path, evaluated(MAIN, scale=0.7, noise=0.01)).findings
    (row,) = series_rows(found)
    assert row.scale.value == pytest.approx(0.7, abs=0.01)
    assert (row.reading, row.slope, row.sampler) == ("soft", "s", "rattle")
    assert row.curvature == row.scale
    noisy = scores_of(tmp_path, evaluated(MAIN, scale=1.0, noise=0.5)).findings
    assert series_rows(noisy)[0].reading != "soft"


def test_one_set_is_read_by_the_sampler_of_each_potential(tmp_path):
    """On the run of the untouched potential it is read by 1/b, and what is fine-tuned not at all."""
    own = Ref(set="run", set_kind="independent", sampled_by=MAIN, groups="trajectories")
    every = [evaluated(state, own, scale=0.7, noise=0.2, frames=40) for state in (MAIN, FEW[0])]
    found = scores_of(tmp_path, *every).findings
    untouched, few = series_rows(found)
    assert (untouched.sampler, untouched.slope, few.sampler, few.slope) == ("self", "1/b", "other", "")
    assert untouched.curvature.value == pytest.approx(untouched.upper)
    assert few.curvature.value is None and few.reading == "undecided"
    assert [score["softening"]["bounds"] for score in public.scores_of(found)] == [
        [pytest.approx(row.lower), pytest.approx(row.upper)] for row in (untouched, few)
    ]


def test_numbers_are_those_of_the_bias_room(tmp_path):
    one = evaluated(MAIN, scale=0.8, noise=0.1, shift=0.3)
    (score,) = public.scores_of(scores_of(tmp_path, one).findings)
    errs, soft = errors(comparison(one)), softening(comparison(one))
    assert score["softening"] == soft.as_json()
    assert score["forces"] == errs.forces.as_json()
    assert score["forces_by_element"] == {one: of.as_json() for one, of in errs.forces_by_element.items()}
    assert score["energy"] == errs.energy_raw.as_json()
    assert score["energy_fitted"] == errs.energy_fitted_here.as_json()
    assert score["stress"] is None
    assert score["relative_force_rmse"] == errs.relative_force_rmse
    assert (score["potential"], score["set"], score["set_kind"], score["seconds_per_frame"]) == (
        *("main", "near", "independent"),
        0.5,
    )


def test_kept_slopes_and_discounted_frames_are_read_back(tmp_path):
    one = evaluated(MAIN, scale=0.9, noise=0.05)
    exploded = [Labels(0.0, 50 * Labels.of(one.predicted[0]).forces).attach(one.predicted[0]), *one.predicted[1:]]
    worse = Predictions(one.ref, one.reference, FrameSet(exploded), one.indices, (), one.trajectories)
    (score,) = public.scores_of(scores_of(tmp_path, worse).findings)
    assert score["softening"]["discounted_frames"] == [0]
    assert score["softening"] == softening(comparison(worse)).as_json()


def test_seeds_are_one_row(tmp_path):
    every = [evaluated(state, scale=0.9, noise=0.05) for state in FEW]
    found = scores_of(tmp_path, evaluated(MAIN, scale=0.7), *every, fine_tunings=[tuned(state) for state in FEW])
    untouched, few = series_rows(found.findings)
    maes = [errors(comparison(one)).forces.mae for one in every]
    assert (untouched.state, few.state, few.seeds) == ("untouched", "few, 6 frames", 3)
    assert few.mae.value == pytest.approx(np.mean(maes))
    assert few.mae.spread == pytest.approx(np.std(maes, ddof=1))
    assert few.labels_shown == "10"
    low, high = few.mae.interval or (0, 0)
    assert low <= np.mean(maes) <= high
    labels = [score["potential"] for score in public.scores_of(found.findings)]
    assert labels == ["main", "main few 6 (seed 1)", "main few 6 (seed 2)", "main few 6 (seed 3)"]


def test_energies_of_the_untouched_are_aligned_by_the_first_fine_tuning(tmp_path):
    first = tuned(FEW[0], Li=-0.5, Cl=-0.5)
    inputs = {"fine_tunings": [first], "alignment": [first]}
    found = scores_of(tmp_path, evaluated(MAIN, shift=0.5), evaluated(FEW[0]), **inputs).findings
    rows = rows_by(found, "scores", "strategy")
    assert rows[""]["energy.rmse"] == pytest.approx(500)
    assert rows[""]["energy_given.rmse"] == pytest.approx(0, abs=1e-9)
    assert rows["few"]["energy_given.rmse"] is None


def test_one_factor_corrects_and_equal_corrections_are_one_row(tmp_path):
    training = [first_data("main", name, 1, 0.7) for name in ("naive", "periodic")]
    found = scores_of(tmp_path, evaluated(MAIN, scale=0.7), training=training).findings
    before, after, deng = series_rows(found)
    assert (after.state, after.corrected, after.labels_shown) == ("one factor", "b", "1")
    assert (deng.state, deng.corrected, deng.labels_shown) == ("Deng's 1/s", "1/s", "1")
    assert before.scale.value == pytest.approx(0.7)
    assert after.scale.value == pytest.approx(1.0)
    assert public.scores_of(found)[1]["potential"] == "main, one factor (naive, periodic)"
    assert public.scores_of(found)[2]["potential"] == "main, Deng's 1/s (naive, periodic)"


def test_one_factor_of_each_strategy_is_told_apart(tmp_path):
    training = [first_data("main", "few", 1, 0.7), first_data("main", "other", 1, 0.8)]
    found = scores_of(tmp_path, evaluated(MAIN, scale=0.7), training=training).findings
    assert [row.state for row in series_rows(found)] == [
        "untouched",
        *("one factor from few", "one factor from other"),
        *("Deng's 1/s from few", "Deng's 1/s from other"),
    ]


def test_frames_left_out(tmp_path):
    training = [first_data("main", "few", 1, 0.7)]
    found = scores_of(tmp_path, evaluated(MAIN, scale=0.7, out=[2, 5]), training=training).findings
    (first, second) = found.table("left-out").records()
    assert (first["frame"], first["reason"], second["frame"]) == (2, "exploded", 5)
    plain, corrected, deng = public.scores_of(found)
    assert (
        plain["left_out"]
        == corrected["left_out"]
        == deng["left_out"]
        == [{"index": i, "reason": "exploded"} for i in (2, 5)]
    )
    assert plain["frames"] == 10


def test_no_interval_where_seeds_left_out_different_frames(tmp_path):
    found = scores_of(tmp_path, *(evaluated(state, noise=0.1, out=[state.seed]) for state in FEW)).findings
    (row,) = series_rows(found)
    assert row.mae.interval is None
    assert row.scale.interval is None
    assert row.mae.value is not None


def test_one_frame_has_no_interval(tmp_path):
    (row,) = series_rows(scores_of(tmp_path, evaluated(MAIN, noise=0.1, frames=1)).findings)
    assert row.mae.interval is None
    assert row.reading == "undecided"


def test_forces_that_are_no_gradient_are_read_on_frames_of_others_alone(tmp_path):
    """Its own frames are of no ensemble of an energy, and 1/b is no ratio of curvatures there."""
    own = Ref(set="own", set_kind="self", sampled_by=MAIN, groups="trajectories")
    for on, reading in ((own, "undecided"), (replace(own, set_kind="independent", sampled_by=LABELER), "soft")):
        (row,) = series_rows(scores_of(tmp_path, replace(evaluated(MAIN, on, 0.7), conservative=False)).findings)
        assert row.reading == reading
        assert ("no gradient of an energy" in row.in_words) == (reading == "undecided")
    (row,) = series_rows(scores_of(tmp_path, evaluated(MAIN, own, 0.7)).findings)
    assert row.reading == "soft"


def test_frames_at_rest_have_errors_and_no_slope(tmp_path):
    still = FrameSet(Labels(0.0, np.zeros((4, 3))).attach(frame) for frame in labeled(6))
    at_rest = Predictions(MAIN.on(NEAR), still, predicted(still, 1.0, 0.1), range(6), (), [0] * 6)
    (row,) = series_rows(scores_of(tmp_path, at_rest).findings)
    assert (row.scale.value, row.curvature.value, row.reading) == (None, None, "undecided")
    assert row.mae.value == pytest.approx(0.08, abs=0.02)


def test_what_gives_no_score_is_told(tmp_path):
    none = Predictions(MAIN.on(NEAR), FrameSet(()), FrameSet(()), (), [(0, "it knows no Cl")], ())
    found = scores_of(tmp_path, none, evaluated(FEW[0])).findings
    assert list(found.table("unscored").rows) == [("main on near", "no frame was predicted")]
    assert [row.strategy for row in series_rows(found)] == ["few"]


def test_nothing_is_found_in_nothing(tmp_path):
    assert series_rows(found_by(Scores, tmp_path)) == []


def test_own_trajectories_are_scored_and_not_shown(tmp_path):
    own = Ref(set="own trajectory of main", set_kind="self", sampled_by=MAIN)
    found = scores_of(tmp_path, evaluated(MAIN, own, out=[1])).findings
    assert not any(table.shown for table in found.tables)
    assert len(public.scores_of(found)[0]["left_out"]) == 1


@pytest.mark.parametrize(("by", "units", "of"), [("frames", 12, "frames"), ("trajectories", 6, "trajectories")])
def test_independent_units(tmp_path, by, units, of):
    on = Ref(set="near", set_kind="independent", sampled_by=LABELER, groups=by)
    (row,) = series_rows(scores_of(tmp_path, evaluated(MAIN, on)).findings)
    assert (row.units, row.of) == (units, of)


def test_potentials_whose_joined_names_are_equal_stay_apart(tmp_path):
    states = [Ref("a b", "c", 1, 1), Ref("a", "b c", 1, 1)]
    found = scores_of(tmp_path, evaluated(states[0], scale=0.8, out=[1]), evaluated(states[1], scale=0.9)).findings
    rows = series_rows(found)
    assert [row.scale.value for row in rows] == pytest.approx([0.8, 0.9])
    assert [len(score["left_out"]) for score in public.scores_of(found)] == [1, 0]


def test_order_of_inputs_changes_no_number(tmp_path):
    every = [evaluated(state, scale=0.9, noise=0.05) for state in (MAIN, *FEW)]
    training = [first_data("main", "few", seed, 0.7 + seed / 100) for seed in (1, 2)]
    one = scores_of(tmp_path, *every, training=training).findings
    other = scores_of(tmp_path, *every[::-1], training=training[::-1]).findings
    assert one.table("errors").records() == other.table("errors").records()
    assert one.table("scores").records() == other.table("scores").records()


def test_a_step_for_each_set(tmp_path):
    training = Ref(set="main few", set_kind="training", gathered_by=FEW[0].state)
    own = Ref(set="own trajectory of main", set_kind="self", sampled_by=MAIN)
    old = Ref(set="old", set_kind="replay")
    pieces = [Piece("predictions", state.on(on)) for on in (own, old, NEAR) for state in (MAIN, FEW[0], Ref("other"))]
    pieces.append(Piece("predictions", MAIN.on(training)))
    pieces += [Piece("fine-tunings", state) for state in (FEW[0], FEW[1], Ref("other", "few", 1, 1))]
    wanted = Scores(Scores.Options()).wants(StudyPieces("study", pieces))
    assert [one.label for one in wanted] == ["near", "old", "own trajectory of main"]
    near, _, self_set = wanted
    assert [piece.ref.state for piece in near.inputs["fine-tunings"]] == [FEW[0]]  # not seed 2: it is not on the set
    assert [piece.ref.potential for piece in near.inputs["alignment"]] == ["main", "other"]
    assert len(near.inputs["training"]) == 1
    assert "training" not in self_set.inputs
    assert near.ref == Ref(set="near", set_kind="independent", sampled_by=RATTLE)
