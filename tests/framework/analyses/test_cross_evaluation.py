"""cross-evaluation: planted errors stand where they belong, and energies are aligned where they can be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analysis_inputs import fine_tuning, frames_of, own, predictions, rows, study
from whet.analyses.cross_evaluation import CrossEvaluation
from whet.analyses.scores import Scores
from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.findings import Findings
from whet.contracts.ports import Data, Found, Predictions
from whet.contracts.ref import Ref
from whet.testing.given_work import GivenWork

UNTOUCHED, TUNED = Ref("main"), Ref("main", "periodic", 3, 1, last=True)


def on(state: Ref, owner: Ref, off: float, **rest) -> Predictions:
    """Predictions of a state on an own trajectory; each set has frames of its own."""
    reference = frames_of(3, seed=10 * owner.round)
    return predictions(
        replace(state.on(own(owner)), trajectory=None, set=f"{owner}, {owner!r}"), reference, off, **rest
    )


def crossed(folder: Path, *data: Data) -> Findings:
    """What it finds in the scores of every own trajectory."""
    pieces = study(*data)
    by_key = {piece.key: one for piece, one in zip(pieces.pieces, data, strict=True)}
    scored: dict[Piece, Found] = {}
    for wanted in Scores(Scores.Options()).wants(pieces):
        inputs = {
            role: [by_key[one.key] for one in feeds if isinstance(one, Piece)] for role, feeds in wanted.inputs.items()
        }
        findings = Scores(Scores.Options()).run(GivenWork(folder, inputs))
        scored[Piece("findings", wanted.ref, wanted.label, "scores")] = Found(wanted.ref, findings)
    analysis = CrossEvaluation(CrossEvaluation.Options())
    (wanted,) = analysis.wants(StudyPieces("test", list(scored)))
    made = analysis.run(GivenWork(folder, {"scores": [scored[one] for one in wanted.inputs["scores"]]}))  # pyright: ignore[reportArgumentType]
    made.check()
    return made


FOUR = (on(UNTOUCHED, UNTOUCHED, 0.1), on(UNTOUCHED, TUNED, 0.2), on(TUNED, UNTOUCHED, 0.3), on(TUNED, TUNED, 0.4))


def test_planted_errors_stand_at_their_row_and_column(tmp_path: Path) -> None:
    wide = rows(crossed(tmp_path, *FOUR), "cross-forces")
    first = "potential ↓ on the trajectory of →"
    assert [row[first] for row in wide] == ["untouched", "periodic 3", "frames"]
    assert wide[0]["untouched"] == pytest.approx(0.1)
    assert wide[0]["periodic 3"] == pytest.approx(0.2)
    assert wide[1]["untouched"] == pytest.approx(0.3)
    assert wide[1]["periodic 3"] == pytest.approx(0.4)
    assert wide[2]["untouched"] == 3


def test_forces_and_energies_are_drawn(tmp_path: Path) -> None:
    assert [figure.name for figure in crossed(tmp_path, *FOUR).figures] == ["cross", "cross-energy"]


def test_no_error_is_zero(tmp_path: Path) -> None:
    every = [on(state, owner, 0.0) for state in (UNTOUCHED, TUNED) for owner in (UNTOUCHED, TUNED)]
    found_ = crossed(tmp_path, *every)
    assert {row["forces"] for row in rows(found_, "cross")} == {0.0}
    assert {row["energy"] for row in rows(found_, "cross")} == {0.0}


def test_given_reference_energies_align_the_untouched_potential_alone(tmp_path: Path) -> None:
    """A shift of 0.3 eV a molecule is 100 meV/atom; the first fine-tuning knows it, the second does not count."""
    off = [0.3, 0.3, 0.3]
    every = [on(state, owner, 0.0, energies=off) for state in (UNTOUCHED, TUNED) for owner in (UNTOUCHED, TUNED)]
    tunings = fine_tuning(replace(TUNED, round=1), {"O": -0.3, "H": 0.0}), fine_tuning(TUNED, {"O": 5.0, "H": 0.0})
    table = rows(crossed(tmp_path, *every, *tunings), "cross")
    assert [row["energy"] for row in table] == pytest.approx([0, 0, 100, 100])


def test_the_order_of_inputs_moves_rows_only(tmp_path: Path) -> None:
    one = rows(crossed(tmp_path, *FOUR), "cross")
    other = rows(crossed(tmp_path, *reversed(FOUR)), "cross")
    assert [row["state"] for row in other] != [row["state"] for row in one]
    assert sorted(map(str, other)) == sorted(map(str, one))


def test_a_trajectory_on_which_nothing_was_predicted_is_left_out(tmp_path: Path) -> None:
    gone = predictions(FOUR[3].ref, frames_of(0), left_out=[(0, "it exploded")])
    findings = crossed(tmp_path, FOUR[0], FOUR[1], FOUR[2], gone)
    assert [row["state"] for row in rows(findings, "cross")] == ["untouched"]


def test_states_of_several_potentials_and_seeds_have_names_of_their_own(tmp_path: Path) -> None:
    states = [UNTOUCHED, Ref("other"), TUNED, replace(TUNED, seed=2)]
    every = [on(state, owner, 0.1) for state in states for owner in states]
    names = list(dict.fromkeys(row["state"] for row in rows(crossed(tmp_path, *every), "cross")))
    assert names == ["main untouched", "other untouched", "main periodic 3, seed 1", "main periodic 3, seed 2"]


def test_names_that_read_the_same_are_told_apart(tmp_path: Path) -> None:
    """Potential `a b` with strategy `c`, and `a` with `b c`: joined by a space they are one."""
    states = [Ref("a b", "c", 1, 1), Ref("a", "b c", 1, 1)]
    every = [on(state, owner, 0.1) for state in states for owner in states]
    fields = crossed(tmp_path, *every).table("cross-forces").fields
    assert len(set(fields)) == 3


def test_nothing_is_wanted_with_one_own_trajectory() -> None:
    ref = own(UNTOUCHED)
    pieces = StudyPieces("test", [Piece("findings", ref, "one", "scores")])
    assert CrossEvaluation(CrossEvaluation.Options()).wants(pieces) == []
