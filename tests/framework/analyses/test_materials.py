"""Materials: planted slopes by material, planted outliers and the planted null, before and after a fine-tuning."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from scored_sets import NEAR, found_by, rows_by, scores_of
from whet.analyses.materials import Materials, MaterialsOptions
from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.findings import Column, Findings, Table
from whet.contracts.ports import Found, Predictions
from whet.contracts.ref import Ref
from whet.data.errors import FrameError
from whet.data.frames import FrameSet
from whet.data.labels import Labels

MAIN, NAIVE = Ref("main"), Ref("main", "naive", 1, 1, last=True)
SEEN = replace(NEAR, sampled_by=None)
SYMBOLS = ("Li", "Na", "K", "Rb", "Cs", "Cu", "Ag", "Au", "Tl", "Ga")


def materials(
    state: Ref, slopes: dict[str, float], on: Ref = NEAR, *, frames: int = 5, noise: float = 0.02, **info: Any
) -> Predictions:
    """Frames of chlorides and of others that are named, whose forces are the reference's times the slope of each."""
    random, reference, guesses = np.random.default_rng(7), [], []
    off = np.random.default_rng(state.round)
    for number, (name, slope) in enumerate(slopes.items()):
        for _ in range(frames):
            atoms = Atoms([SYMBOLS[number % 10], "Cl"] * 2, random.uniform(0, 6, (4, 3)), cell=[6] * 3, pbc=True)
            atoms.info |= {"material": name, **info}
            forces = random.normal(size=(4, 3))
            reference.append(Labels(0.0, forces).attach(atoms))
            guesses.append(Labels(0.04, slope * forces + noise * off.normal(size=(4, 3))).attach(atoms))
    count = len(reference)
    return Predictions(state.on(on), FrameSet(reference), FrameSet(guesses), range(count), (), [0] * count)


def found_in(tmp_path, *predictions, options=None, **inputs) -> Findings:
    scores = [scores_of(tmp_path, *predictions)]
    return found_by(Materials, tmp_path, options, scores=scores, predictions=predictions, **inputs)


def drawn(mean: float, spread: float, count: int = 40, seed: int = 0) -> dict[str, float]:
    slopes = np.random.default_rng(seed).normal(mean, spread, count)
    return {f"m{number:02d}": float(slope) for number, slope in enumerate(slopes)}


def test_each_material_has_its_planted_slope_and_the_mean_is_over_materials(tmp_path):
    slopes = drawn(0.8, 0.06)
    found = found_in(tmp_path, materials(MAIN, slopes))
    rows = rows_by(found, "materials", "material")
    assert {name: row["curvature ratio"] for name, row in rows.items()} == pytest.approx(slopes, abs=0.02)
    assert {row["frames"] for row in rows.values()} == {5} and {row["read from"] for row in rows.values()} == {"s"}
    (over,) = found.table("over-materials").records()
    values = [row["curvature ratio"] for row in rows.values()]
    assert over["mean"] == pytest.approx(np.mean(values), rel=1e-9) and over["median"] == np.median(values)
    error = np.std(values, ddof=1) / len(values) ** 0.5
    assert over["mean 95 % high"] - over["mean 95 % low"] == pytest.approx(2 * 2.02 * error, rel=0.1)
    assert (over["reading"], over["stand out"], over["materials"]) == ("soft", 0, 40)
    soft, standing = found.verdicts
    assert soft.decided and soft.claim.startswith("main: soft by 20\N{NO-BREAK SPACE}% on average over 40 materials")
    assert (soft.units, soft.of) == (40, "materials")
    assert standing.claim == "main untouched: none of 40 materials" and not standing.prominent


def test_planted_null_is_not_soft_and_nothing_stands_out(tmp_path):
    found = found_in(tmp_path, materials(MAIN, drawn(1.0, 0.0)))
    assert "main: not soft on average" in found.verdicts[0].claim
    assert found.verdicts[1].claim == "main untouched: none of 40 materials"
    assert "standing-out" not in {table.name for table in found.tables}


def test_planted_outliers_are_named_with_their_frames(tmp_path):
    found = found_in(tmp_path, materials(MAIN, drawn(0.8, 0.02) | {"LiF": 0.3, "MgO": 1.4}))
    assert found.verdicts[1].claim == "main untouched: MgO (1.40 from 5 frames), LiF (0.30 from 5 frames)"
    assert [row["material"] for row in found.table("standing-out").records()] == ["MgO", "LiF"]
    rows = rows_by(found, "materials", "material")
    assert (rows["LiF"]["stands out"], rows["MgO"]["stands out"]) == ("below", "above")


def test_predictions_that_do_not_follow_stand_out_and_are_not_left_out(tmp_path):
    found = found_in(tmp_path, materials(MAIN, drawn(0.8, 0.02) | {"wild": -2.0}))
    assert "wild (−2.00 from 5 frames)" in found.verdicts[1].claim
    assert "1 lie outside" in found.figures[0].caption


def test_before_and_after_a_fine_tuning(tmp_path):
    before, after = drawn(0.8, 0.05), drawn(0.97, 0.02, seed=1)
    found = found_in(tmp_path, materials(MAIN, before), materials(NAIVE, after))
    rows = rows_by(found, "over-materials", "state")
    change = np.mean([after[name] - slope for name, slope in before.items()])
    assert rows["naive 1"]["change"] == pytest.approx(change, abs=0.005)
    assert rows["naive 1"]["change 95 % low"] < change < rows["naive 1"]["change 95 % high"]
    assert rows["untouched"]["change"] is None
    assert "; with naive 1 mean 0.9" in found.verdicts[0].evidence
    panels = found.table("distribution").records()
    for state in ("untouched", "naive 1"):
        assert sum(row["materials"] or 0 for row in panels if row["panel"] == state) == 40


def test_the_bars_are_those_of_numpy(tmp_path):
    found = found_in(tmp_path, materials(MAIN, drawn(0.8, 0.05)))
    bars = [row for row in found.table("distribution").records() if row["kind"] == "bar"]
    values = found.table("materials").column("curvature ratio")
    edges = [row["from"] for row in bars] + [bars[-1]["to"]]
    assert [row["materials"] for row in bars] == np.histogram(values, edges)[0].tolist()


def test_frames_of_its_own_are_read_by_the_inverse_slope(tmp_path):
    found = found_in(tmp_path, materials(MAIN, drawn(0.8, 0.05), replace(NEAR, sampled_by=MAIN), noise=0.4))
    rows = found.table("materials").records()
    assert {row["read from"] for row in rows} == {"1/b"}
    assert all(row["curvature ratio"] == row["1/b"] > row["s"] for row in rows)


def test_frames_of_which_nobody_knows_the_sampler_show_s_and_decide_nothing(tmp_path):
    found = found_in(tmp_path, materials(MAIN, drawn(0.8, 0.05), SEEN))
    assert not found.verdicts[0].decided and "these frames do not decide" in found.verdicts[0].claim
    assert "softening scale s" in found.figures[0].caption
    assert found.table("over-materials").records()[0]["mean"] == pytest.approx(0.8, abs=0.03)


def test_few_materials_decide_nothing(tmp_path):
    found = found_in(tmp_path, materials(MAIN, drawn(0.8, 0.05, count=3)))
    assert [verdict.claim for verdict in found.verdicts] == ["main: undecided: 3 materials"]
    assert found.notes == ("3 materials: below 4, nothing is decided.",)


def test_one_material_is_said(tmp_path):
    found = found_in(tmp_path, materials(MAIN, {"LiCl": 0.8}))
    assert found.is_empty and found.notes == ("the frames of “near” are of one material: LiCl",)


def test_a_material_is_what_the_option_says(tmp_path):
    one = materials(MAIN, drawn(0.8, 0.05))
    rows = rows_by(found_in(tmp_path, one, options={"by": "formula"}), "materials", "material")
    assert set(rows) == {f"{symbol}Cl" for symbol in SYMBOLS} and rows["LiCl"]["frames"] == 20
    with pytest.raises(FrameError, match=r"^frame 0: it has no `spacegroup` that names its material"):
        found_in(tmp_path, one, options={"by": "spacegroup"})


def test_probes_stand_beside_the_slope(tmp_path):
    slopes = drawn(0.8, 0.05, count=6)
    names = ("material", "quantity", "unit", "potential", "state", "value", "reference", "ratio", "curvature ratio")
    cells = [[name, "modulus", "GPa", "main", "untouched", 1.0, 1.0, slope, slope] for name, slope in slopes.items()]
    cells.append(["elsewhere", "modulus", "GPa", "main", "untouched", 1.0, 1.0, 0.5, 0.5])
    columns = [Column(name, description="Made up.") for name in names]
    probed = Found(Ref(), Findings("Properties", tables=[Table("properties", "Of each", columns, cells)]))
    found = found_in(tmp_path, materials(MAIN, slopes), properties=[probed])
    rows = found.table("material-probes").records()
    assert {row["material"]: row["curvature of the quantity"] for row in rows} == slopes
    assert all(row["value"] == pytest.approx(row["curvature of the quantity"], abs=0.02) for row in rows)
    assert [figure.name for figure in found.figures] == ["distribution", "probes"]


def test_what_probes_measured_is_wanted_where_there_is_any():
    pieces = [Piece("predictions", MAIN.on(NEAR)), Piece("findings", NEAR, "one", "scores")]
    analysis = Materials(MaterialsOptions())
    (wanted,) = analysis.wants(StudyPieces("study", pieces))
    assert set(wanted.inputs) == {"scores", "predictions"}
    probed = Piece("findings", Ref(), "two", "properties")
    (wanted,) = analysis.wants(StudyPieces("study", [*pieces, probed]))
    assert wanted.inputs["properties"] == [probed]
