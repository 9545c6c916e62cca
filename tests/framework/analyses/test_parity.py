"""Parity: the grid is of the planted points, errors by part are those of the parts, and much is little to store."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from scored_sets import NEAR, evaluated, found_by, rows_by, scores_of
from whet.analyses.parity import Parity
from whet.analyses.parts.parity_figure import MOST_MARKS
from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.ports import Predictions
from whet.contracts.ref import Ref
from whet.data.frames import FrameSet
from whet.data.labels import Labels

MAIN = Ref("main")
FEW = [Ref("main", "few", 1, seed, 6, last=True) for seed in (1, 2)]
SAME = 1e-6


def parity(tmp_path, *predictions):
    return found_by(Parity, tmp_path, scores=[scores_of(tmp_path, *predictions)], predictions=predictions)


def two_kinds(frames=12, **how):
    """LiCl, of which every other frame is NaCl, a surface, and has a stress."""
    one = evaluated(MAIN, NEAR, 0.7, frames=frames, noise=0.05, shift=2.0, **how)
    reference, guesses = [], []
    for number in range(frames):
        for of, to, soft in ((one.reference[number], reference, 1.0), (one.predicted[number], guesses, 0.8)):
            other, labels = of.copy(), Labels.of(of)
            other.info["config_type"] = "surface" if number % 2 else "bulk"
            if number % 2:
                other.symbols = ["Na", "Cl", "Na", "Cl"]
            stress = 0.01 * soft * np.eye(3) if number % 2 else None
            to.append(Labels(labels.energy, labels.forces, stress).attach(other))
    return Predictions(one.ref, FrameSet(reference), FrameSet(guesses), range(frames), (), [0] * frames)


def test_every_point_is_counted_in_its_cell_and_the_line_is_s(tmp_path):
    one = evaluated(MAIN, NEAR, 0.7, frames=200, noise=0.1)
    found = parity(tmp_path, one)
    table = found.table("parity-forces").records()
    cells = [row for row in table if row["kind"] == "cell"]
    x = np.concatenate([frame.get_forces().ravel() for frame in one.reference])
    y = np.concatenate([frame.get_forces().ravel() for frame in one.predicted])
    ends = sorted(row["reference"] for row in table if row["kind"] == "perfect")
    inside = (np.abs(x) <= ends[1]) & (np.abs(y) <= ends[1])
    assert ends[0] == -ends[1] and 0.99 < inside.mean() < 1
    assert sum(row["points"] for row in cells) == inside.sum()
    assert all(row["at least"] <= row["points"] for row in cells)
    mean = np.average([row["predicted"] for row in cells], weights=[row["points"] for row in cells])
    assert mean == pytest.approx(y[inside].mean(), rel=SAME)
    line = next(row for row in table if row["kind"] == "slope")
    assert line["predicted"] / line["reference"] == pytest.approx(float(x @ y / (x @ x)), rel=SAME)
    caption = next(figure for figure in found.figures if figure.name == "parity-forces").caption
    assert f"{(~inside).sum()} of 2,400 points are outside" in caption


def test_energies_are_drawn_after_the_shift_and_the_table_has_both(tmp_path):
    """Planted: 2 eV/atom off, and nothing else."""
    found = parity(tmp_path, evaluated(MAIN, NEAR, 0.7, shift=2.0))
    cells = [row for row in found.table("parity-energies").records() if row["kind"] == "cell"]
    assert [row["predicted"] for row in cells] == pytest.approx([row["reference"] for row in cells], abs=1e-9)
    (row,) = found.table("errors-by-all").records()
    assert row["MAE E raw"] == pytest.approx(2000) and row["MAE E fitted here"] == pytest.approx(0, abs=1e-6)


def test_errors_by_part_equal_scikit_learn(tmp_path):
    one = two_kinds()
    found = parity(tmp_path, one)
    for table, column, parts in (
        ("errors-by-config-type", "config type", {"bulk": 0, "surface": 1}),
        ("errors-by-material", "material", {"LiCl": 0, "NaCl": 1}),
    ):
        rows = rows_by(found, table, column)
        assert set(rows) == set(parts)
        for name, odd in parts.items():
            f, p = (
                np.concatenate([frame.get_forces().ravel() for frame in list(frames)[odd::2]])
                for frames in (one.reference, one.predicted)
            )
            assert rows[name]["MAE F"] == pytest.approx(mean_absolute_error(f, p), rel=SAME)
            assert rows[name]["RMSE F"] == pytest.approx(root_mean_squared_error(f, p), rel=SAME)
            assert rows[name]["s"] == pytest.approx(f @ p / (f @ f), rel=SAME)
            assert rows[name]["MAE E raw"] == pytest.approx(2000, rel=SAME)
            assert (rows[name]["frames"], rows[name]["atoms"]) == (6, 24)
            assert rows[name]["MAE S"] == (pytest.approx(0.001, rel=SAME) if odd else None)
    assert set(rows_by(found, "errors-by-element", "element")) == {"Cl", "Li", "Na"}
    sizes = found.table("errors-by-force-size").records()
    assert sum(row["atoms"] for row in sizes) == 48 and len(sizes) == 5
    # Errors of a soft potential grow with the force; what is planted is found by bin.
    assert [row["RMSE F"] for row in sizes] == sorted(row["RMSE F"] for row in sizes)


def test_panels_by_element_kind_and_stress(tmp_path):
    found = parity(tmp_path, two_kinds())
    names = {figure.name for figure in found.figures}
    assert names == {"parity-forces", "parity-elements", "parity-config-types", "parity-energies", "parity-stress"}
    assert set(found.table("parity-elements").column("panel")) == {f"{one}, untouched" for one in ("Cl", "Li", "Na")}
    stress = [row for row in found.table("parity-stress").records() if row["kind"] == "cell"]
    assert sum(row["points"] for row in stress) == 6 * 6


def test_of_several_seeds_the_first(tmp_path):
    every = [evaluated(MAIN), *(evaluated(state, noise=0.1) for state in FEW)]
    scores = scores_of(tmp_path, *every)
    found = found_by(Parity, tmp_path, scores=[scores], predictions=every[:2])
    assert all("Of several seeds, the first." in figure.caption for figure in found.figures)


@pytest.mark.slow
def test_many_points_are_few_to_store(tmp_path):
    """Of 240,000 components the findings hold thousands of numbers."""
    one = evaluated(MAIN, NEAR, 0.7, frames=20_000, noise=0.3)
    scores = scores_of(tmp_path, evaluated(MAIN, NEAR, 0.7))
    found = found_by(Parity, tmp_path, scores=[scores], predictions=[one])
    cells = [row for table in found.tables if not table.shown for row in table.rows]
    assert len(cells) <= 3 * MOST_MARKS and len(json.dumps(found.as_json())) < 2e6


def test_no_predictions_are_said(tmp_path):
    found = found_by(Parity, tmp_path, scores=[scores_of(tmp_path, evaluated(MAIN))], predictions=[])
    assert found.is_empty and found.notes == ("there are no predictions to compare",)


def test_wants_the_last_states_on_independent_sets():
    earlier = Ref("main", "periodic", 1, 1)
    later = Ref("main", "periodic", 2, 1, last=True)
    old = Ref(set="old", set_kind="replay")
    pieces = [Piece("predictions", state.on(on)) for on in (NEAR, old) for state in (MAIN, earlier, later)]
    pieces += [Piece("findings", on, on.set, "scores") for on in (NEAR, old)]
    (wanted,) = Parity(Parity.Options()).wants(StudyPieces("study", pieces))
    assert wanted.label == "near" and [one.ref.state for one in wanted.inputs["predictions"]] == [MAIN, later]
