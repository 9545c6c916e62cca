"""Matrix: every architecture on every set of data, with the planted errors where they belong."""

from __future__ import annotations

import pytest

from scored_sets import NEAR, evaluated, found_by, rows_by, scores_of, tuned
from whet.analyses.matrix import Matrix
from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.ref import RATTLE, Ref

FAR = Ref(set="far", set_kind="independent", sampled_by=RATTLE, groups="frames")
SCALES = {("gap", ""): 0.5, ("gap", "opls"): 0.9, ("gap", "full"): 0.95, ("net", ""): 0.6, ("net", "full"): 0.99}


def state(potential, strategy, seed=1):
    return Ref(potential, strategy, 1, seed, last=True) if strategy else Ref(potential)


def matrix(tmp_path, *, sets=(NEAR, FAR)):
    every = [(state(*who), scale) for who, scale in SCALES.items()]
    tunings = [tuned(one, train=7, valid=1) for one, _ in every if one.strategy]
    scores = [
        scores_of(tmp_path, *(evaluated(one, on, scale) for one, scale in every), fine_tunings=tunings) for on in sets
    ]
    return found_by(Matrix, tmp_path, scores=scores)


def test_planted_errors_stand_in_their_cells(tmp_path):
    rows = rows_by(matrix(tmp_path), "matrix", "potential", "trained on", "set")
    assert len(rows) == 2 * len(SCALES)
    for (potential, strategy), scale in SCALES.items():
        row = rows[potential, f"{strategy} 1" if strategy else "nothing", "near"]
        untouched = rows["gap", "nothing", "near"]
        assert row["RMSE F"] / untouched["RMSE F"] == pytest.approx((1 - scale) / 0.5)
        assert row["labels"] == (8 if strategy else 0)


def test_each_set_has_a_panel_and_cells_without_a_training_are_empty(tmp_path):
    found = matrix(tmp_path)
    forces = next(figure for figure in found.figures if figure.name == "matrix-forces")
    assert forces.spec is not None and forces.spec["facet"]["sort"] == ["near", "far"]
    assert ("net", "opls 1", "near") not in rows_by(found, "matrix", "potential", "trained on", "set")
    (one,) = [figure for figure in matrix(tmp_path, sets=(NEAR,)).figures if figure.name == "matrix-forces"]
    assert one.spec is not None and "facet" not in one.spec


def test_wanted_of_several_potentials_one_of_which_was_fine_tuned():
    def wanted(*states):
        pieces = [Piece("predictions", one.on(NEAR)) for one in states]
        pieces.append(Piece("findings", NEAR, "one", "scores"))
        return Matrix(Matrix.Options()).wants(StudyPieces("study", pieces))

    assert wanted(state("gap", ""), state("net", "")) == []
    assert wanted(state("gap", ""), state("gap", "full")) == []
    assert len(wanted(state("gap", ""), state("net", "full"))) == 1
