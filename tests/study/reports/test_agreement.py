"""Every number is the same wherever it stands: in tables and in scores.json."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest


def table(folder, name):
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def number(cell):
    return float(cell) if cell else None


def scores_of(folder, test):
    found = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    return [score for score in found if score["set"] == test]


def few(row):
    """The number of labels of a fine-tuned potential, of the strategy `few`."""
    return int(row["labels"]) if "few" in row["state"] else None


def test_summary_equals_scores(reports):
    rows = {row["state"]: row for row in table(reports["whole"], "summary")}
    scores = {score["potential"]: score for score in scores_of(reports["whole"], "independent")}
    for state, label in (("untouched", "main"), ("periodic 2", "main periodic 2"), ("naive 2", "main naive 2")):
        row, score = rows[state], scores[label]
        assert float(row["scale"]) == score["softening"]["scale"]
        assert float(row["scale 95 % low"]) == score["softening"]["scale_interval"][0]
        assert number(row["curvature ratio"]) == score["softening"]["curvature"]
        assert [number(row[name]) for name in ("s", "1/b")] == score["softening"]["bounds"]
        assert row["reading"] == score["softening"]["reading"]
        assert float(row["MAE E raw (meV/atom)"]) == score["energy"]["mae"]
        assert float(row["MAE E fitted here (meV/atom)"]) == score["energy_fitted"]["mae"]
        assert float(row["uncentred R²"]) == score["softening"]["r2"]
        assert float(row["MAE F (eV/Å)"]) == score["forces"]["mae"]
        assert float(row["MAE F 95 % high (eV/Å)"]) == score["forces"]["mae_interval"][1]
        assert int(row["frames"]) == score["frames"]


def test_error_table_equals_scores(reports):
    rows = {row["state"]: row for row in table(reports["whole"], "errors-1-independent")}
    for state, label in (("untouched", "main"), ("naive 1", "main naive 1")):
        score = next(s for s in scores_of(reports["whole"], "independent") if s["potential"] == label)
        assert float(rows[state]["RMSE F (eV/Å)"]) == score["forces"]["rmse"]
        assert float(rows[state]["RMSE E raw (meV/atom)"]) == score["energy"]["rmse"]
        assert float(rows[state]["RMSE E fitted here (meV/atom)"]) == score["energy_fitted"]["rmse"]
        assert float(rows[state]["RMSE S (eV/Å³)"]) == score["stress"]["rmse"]


def test_learning_curve_is_the_mean_over_seeds(reports):
    rows = table(reports["subsets"], "learning-2-second")
    scores = scores_of(reports["subsets"], "second")
    for size in (1, 6):
        mine = [s for s in scores if s["potential"].startswith(f"$two$ few {size} ")]
        (row,) = [row for row in rows if row["potential"] == "$two$ (toy soft)" and few(row) == size]
        assert len(mine) == int(row["seeds"]) == 3
        maes, slopes = ([s["forces"]["mae"] for s in mine], [s["softening"]["bounds"][0] for s in mine])
        assert float(row["MAE F (eV/Å)"]) == pytest.approx(np.mean(maes))
        assert float(row["MAE F SD over seeds (eV/Å)"]) == pytest.approx(np.std(maes, ddof=1))
        assert float(row["s"]) == pytest.approx(np.mean(slopes))
        low, high = float(row["MAE F 95 % low (eV/Å)"]), float(row["MAE F 95 % high (eV/Å)"])
        assert low <= float(row["MAE F (eV/Å)"]) <= high


def test_learning_curve_begins_untouched_then_one_factor(reports):
    rows = [row for row in table(reports["subsets"], "learning-2-second") if row["potential"] == "$two$ (toy soft)"]
    assert [row["state"] for row in rows[:3]] == ["untouched", "one factor", "Deng's 1/s"]
    assert [row["labels"] for row in rows] == ["0", "1", "1", "1", "6"]
