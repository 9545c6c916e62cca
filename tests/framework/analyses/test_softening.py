"""Softening in detail: scale by size of the force, readings, parts."""

from __future__ import annotations

import numpy as np
import pytest

from scored_sets import NEAR, OLD, evaluated, first_data, found_by, rows_by, scores_of
from whet.analyses.parts.part_tables import MOST_MATERIALS
from whet.analyses.softening import Softening
from whet.bias.pairs import Comparison
from whet.bias.softening_parts import softening_by_magnitude
from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.ports import Predictions
from whet.contracts.ref import Ref
from whet.data.frames import FrameSet
from whet.data.labels import Labels

MAIN = Ref("main")
FEW = [Ref("main", "few", 1, seed, 6, last=True) for seed in (1, 2)]


def softening(tmp_path, *predictions, **inputs):
    return found_by(Softening, tmp_path, scores=[scores_of(tmp_path, *predictions, **inputs)], predictions=predictions)


def test_readings_of_planted_softness_and_noise(tmp_path):
    found = softening(tmp_path, evaluated(MAIN, scale=0.7, noise=0.01), evaluated(FEW[0], scale=1.3, noise=0.01))
    rows = rows_by(found, "softening", "state")
    assert (rows["untouched"]["reading"], rows["few, 6 frames"]["reading"]) == ("soft", "stiff")
    assert rows["untouched"]["scale"] == pytest.approx(0.7, abs=0.01)
    assert rows["untouched"]["robust scale"] == pytest.approx(0.7, abs=0.01)
    assert rows["untouched"]["inverse slope"] == pytest.approx(1 / 0.7, abs=0.02)
    assert rows["untouched"]["in words"].startswith("soft by 30\N{NO-BREAK SPACE}% (curvature ratio 0.70 [")
    assert rows["untouched"]["curvature ratio"] == rows["untouched"]["scale"]
    assert (rows["untouched"]["read from"], rows["untouched"]["sampler"]) == ("s", "rattle")


def test_random_errors_are_unexplained_and_not_soft(tmp_path):
    found = softening(tmp_path, evaluated(MAIN, scale=1.0, noise=0.3, frames=200))
    row = rows_by(found, "softening", "state")["untouched"]
    assert row["reading"] == "not soft"
    assert row["unexplained"] == pytest.approx(0.3**2 / (1 + 0.3**2), abs=0.01)


def test_parts_are_read_each(tmp_path):
    """LiCl that is soft, of which a second config type is not, in other materials and by another sampler."""
    soft, right = evaluated(MAIN, scale=0.7, noise=0.01, frames=20), evaluated(MAIN, scale=1.0, noise=0.01, frames=20)
    frames, guesses = [], []
    for number in range(20):
        one = (soft if number % 2 else right).predicted[number]
        for of, to in ((soft.reference[number], frames), (one, guesses)):
            other = of.copy()
            other.info["config_type"] = "surface" if number % 2 else "bulk"
            other.info["sampled_by"] = "reference" if number % 2 else "main"
            other.symbols = ["Na", "Cl", "Na", "Cl"] if number % 2 else ["Li", "Cl", "Li", "Cl"]
            to.append(Labels.of(of).attach(other))
    on = MAIN.on(Ref(set="near", set_kind="independent", groups="frames"))
    whole = Predictions(on, FrameSet(frames), FrameSet(guesses), range(20), (), [0] * 20)
    found = softening(tmp_path, whole)
    assert rows_by(found, "softening", "state")["untouched"]["sampler"] == "mixed"
    for table, column, s in (
        ("by-material", "material", {"LiCl": 1.0, "NaCl": 0.7}),
        ("by-config-type", "config type", {"bulk": 1.0, "surface": 0.7}),
        ("by-sampler", "sampler", {"self": 1.0, "reference": 0.7}),
    ):
        rows = rows_by(found, table, column)
        assert {name: row["s"] for name, row in rows.items()} == pytest.approx(s, abs=0.01)
        assert {name: row["reading"] for name, row in rows.items()} == {
            name: "soft" if scale < 1 else "not soft" for name, scale in s.items()
        }
        assert {row["units"] for row in rows.values()} == {10}
    elements = rows_by(found, "by-element", "element")
    assert {name: row["reading"] for name, row in elements.items()} == dict.fromkeys(("Cl", "Li", "Na"), "undecided")
    assert elements["Na"]["s"] == pytest.approx(0.7, abs=0.01) and elements["Na"]["curvature ratio"] is None


def test_one_material_of_one_kind_has_no_table_of_them(tmp_path):
    names = {table.name for table in softening(tmp_path, evaluated(MAIN, scale=0.7)).tables}
    assert "by-element" in names
    assert not names & {"by-material", "by-config-type", "by-sampler"}


def test_readings_tell_of_one_factor_too(tmp_path):
    training = [first_data("main", "few", 1, 0.7)]
    found = softening(tmp_path, evaluated(MAIN, scale=0.7, noise=0.01), training=training)
    assert list(rows_by(found, "softening", "state")) == ["untouched", "one factor", "Deng's 1/s"]
    assert set(found.table("magnitude").column("state")) == {"untouched"}


def test_materials_that_are_too_many_for_a_table_are_left_to_their_analysis(tmp_path):
    one = evaluated(MAIN, scale=0.7, frames=MOST_MATERIALS + 1)
    for frames in (one.reference, one.predicted):
        for number, frame in enumerate(frames):
            frame.numbers[:2] = 20 + number % 80, 3 + number // 80
    found = softening(tmp_path, one)
    assert "by-material" not in {table.name for table in found.tables}
    assert any("the analysis `materials`" in note for note in found.notes)


def test_scale_by_size_of_the_force(tmp_path):
    one = evaluated(MAIN, scale=0.7, noise=0.05)
    bins = softening_by_magnitude(Comparison.of(one.reference, one.predicted))
    rows = softening(tmp_path, one).table("magnitude").records()
    assert [(row["force from"], row["to"], row["scale"], row["atoms"]) for row in rows] == [
        (found.low, found.high, found.scale, found.atoms) for found in bins
    ]
    sizes = np.linalg.norm(np.concatenate([Labels.of(frame).forces for frame in one.reference]), axis=1)
    last = rows[-1]
    assert last["middle"] == np.median(sizes[sizes >= last["force from"]]) < (last["force from"] + last["to"]) / 2


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
