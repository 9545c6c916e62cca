"""Learning: error against labels, from scores that were planted."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from scored_sets import NEAR, OLD, evaluated, first_data, found_by, rows_by, scores_of, tuned
from whet.analyses.learning import SOFTNESS, Learning
from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.ref import Ref

MAIN = Ref("main")


def few(number, size, seed):
    return Ref("main", "few", number, seed, size, last=True)


def learning(tmp_path, seeds=(1, 2, 3), big=0.98, on=NEAR):
    states = [few(number, size, seed) for seed in seeds for number, size in ((1, 1), (2, 10))]
    scales = {1: 0.9, 10: big}
    scores = scores_of(
        tmp_path,
        evaluated(MAIN, on, 0.7, noise=0.02),
        *(evaluated(state, on, scales[state.size or 0], noise=0.02) for state in states),
        fine_tunings=[tuned(state, train=state.size or 0, valid=0) for state in states],
        training=[first_data("main", "few", seed, 0.7 + seed / 100) for seed in seeds],
    )
    return found_by(Learning, tmp_path, scores=[scores]), scores


def test_begins_untouched_then_one_factor(tmp_path):
    found, _ = learning(tmp_path)
    rows = found.table("learning").records()
    assert [row["state"] for row in rows] == ["untouched", "one factor", "Deng's 1/s", "few, 1 frame", "few, 10 frames"]
    assert [row["labels"] for row in rows] == [0, 1, 1, 1, 10]
    assert [row["seeds"] for row in rows] == [1, 3, 3, 3, 3]
    assert rows[0][SOFTNESS] == pytest.approx(0.3, abs=0.01)
    assert rows[4][f"{SOFTNESS} 95 % low"] <= rows[4][SOFTNESS] <= rows[4][f"{SOFTNESS} 95 % high"]
    assert set(found.table("learning-points").column("quantity")) == {"curvature ratio", "uncentred R²", "MAE F"}


@pytest.mark.parametrize("by", [None, MAIN])
def test_where_no_sampler_decides_for_all_both_bounds_are_drawn(tmp_path, by):
    """Of the frames of the untouched potential it is the sampler itself, and what was fine-tuned is not."""
    found, _ = learning(tmp_path, on=replace(NEAR, sampled_by=by))
    columns = {column.name: column.shown for column in found.table("learning").columns}
    assert (columns[SOFTNESS], columns["s"], columns["1/b"]) == (False, True, True)
    rows = rows_by(found, "learning-points", "quantity", "kind", "state")
    assert not any(quantity == "curvature ratio" for quantity, *_ in rows)
    tuned = rows["between s and 1/b", "bounds", "few, 1 frame"]
    assert tuned["value"] is None
    assert tuned["value 95 % low"] == pytest.approx(0.9, abs=0.01)
    assert tuned["value 95 % low"] < tuned["value 95 % high"]


def test_line_begins_at_the_untouched_potential_and_ends_at_the_labels(tmp_path):
    found, _ = learning(tmp_path)
    points = found.table("learning-points").records()
    line = [row for row in points if (row["quantity"], row["kind"]) == ("MAE F", "line")]
    assert [row["state"] for row in line] == ["untouched", "few, 1 frame", "few, 10 frames"]
    assert {row["series"] for row in line} == {"few"}
    assert line[0]["place"] < 0 < line[2]["place"] == math.log10(10)
    seeds = [row for row in points if (row["quantity"], row["kind"], row["series"]) == ("MAE F", "seed", "few")]
    assert len(seeds) == 6


def test_one_seed_has_no_dots(tmp_path):
    found, _ = learning(tmp_path, seeds=(1,))
    assert "seed" not in found.table("learning-points").column("kind")


def test_what_exploded_is_an_arrow(tmp_path):
    found, _ = learning(tmp_path, big=30.0)
    rows = rows_by(found, "learning-points", "quantity", "kind", "state")
    assert rows["MAE F", "line", "few, 10 frames"]["outside"] == "above"
    assert "Arrows" in found.figures[0].caption


def test_fine_tuning_that_makes_it_worse_is_not_cut_off(tmp_path):
    """Planted: nearly right untouched, ten times as far off with 10 labels."""
    states = [few(1, 1, 1), few(2, 10, 1)]
    scores = scores_of(
        tmp_path,
        evaluated(MAIN, NEAR, 0.985, noise=0.02),
        *(evaluated(state, NEAR, scale, noise=0.02) for state, scale in zip(states, (1.03, 1.15), strict=True)),
        fine_tunings=[tuned(state, train=state.size or 0, valid=0) for state in states],
    )
    found = found_by(Learning, tmp_path, scores=[scores])
    point = rows_by(found, "learning-points", "quantity", "kind", "state")["curvature ratio", "line", "few, 10 frames"]
    assert point["outside"] == "" and point["drawn"] == point["value"] == pytest.approx(0.15, abs=0.01)
    ends = [
        layer["encoding"]["y"]["scale"]["domain"] for layer in (found.figures[0].spec or {})["hconcat"][0]["layer"][1:]
    ]
    assert all(high > point["value 95 % high"] for _, high in ends)


def test_of_a_replay_set_is_what_was_forgotten(tmp_path):
    found, _ = learning(tmp_path, on=OLD)
    assert "forgotten" in found.figures[0].caption


def test_nothing_without_fine_tuning(tmp_path):
    scores = scores_of(tmp_path, evaluated(MAIN))
    assert not found_by(Learning, tmp_path, scores=[scores]).figures


def test_only_sets_with_two_sizes(tmp_path):
    far = Ref(set="far", set_kind="independent")
    own = Ref(set="own", set_kind="self")
    on = {NEAR: [few(1, 1, 1), few(1, 1, 2)], far: [few(1, 1, 1), few(2, 10, 1)], own: [few(1, 1, 1), few(2, 10, 1)]}
    pieces = [Piece("predictions", state.on(one)) for one, states in on.items() for state in states]
    pieces += [Piece("findings", one, one.set, "scores") for one in on]
    wanted = Learning(Learning.Options()).wants(StudyPieces("study", pieces))
    assert [one.label for one in wanted] == ["far"]


def test_errors_on_logarithmic_axes_by_labels_and_by_round_with_their_spread(tmp_path):
    """Planted: errors of 0.2 and 0.02 after rounds 1 and 2, and of seeds around these."""
    seeds, errors = (1, 2, 3), {0: 0.4, 1: 0.2, 2: 0.02}
    states = [Ref("main", "periodic", number, seed, last=number == 2) for seed in seeds for number in (1, 2)]
    scores = scores_of(
        tmp_path,
        evaluated(MAIN, NEAR, 1 - errors[0]),
        *(evaluated(one, NEAR, 1 - errors[one.round] * (1 + 0.1 * (one.seed - 2))) for one in states),
        fine_tunings=[tuned(one, train=10 * one.round, valid=0) for one in states],
    )
    found = found_by(Learning, tmp_path, scores=[scores])
    curves = [row for row in found.table("error-curves").records() if row["quantity"] == "MAE F"]
    line = [row for row in curves if row["kind"] == "line" and row["series"] == "periodic"]
    assert [(row["round"], row["labels"]) for row in line] == [(0, 0), (1, 10), (2, 20)]
    assert [row["value"] / line[0]["value"] for row in line] == pytest.approx([1, 0.5, 0.05])
    spread = [row["high"] - row["value"] for row in line[1:]]
    assert spread == pytest.approx([0.1 * row["value"] for row in line[1:]])
    assert len([row for row in curves if row["kind"] == "seed"]) == 6
    figure = next(figure for figure in found.figures if figure.name == "error-curves")
    assert figure.spec is not None and len(figure.spec["vconcat"]) == 2
    assert "standard deviation over repetitions" in figure.caption


def test_sizes_have_no_panel_by_round(tmp_path):
    found, _ = learning(tmp_path)
    figure = next(figure for figure in found.figures if figure.name == "error-curves")
    assert figure.spec is not None and "vconcat" not in figure.spec
    assert {row["round"] for row in found.table("error-curves").records() if row["state"] != "untouched"} == {None}
