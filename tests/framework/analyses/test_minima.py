"""minima: a planted displacement is the answer on the first screen, beside what a fine-tuning left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from analysis_inputs import found, labeled, rows, study, water
from harmonic_water import STIFF, UNTOUCHED, predicted
from whet.analyses.minima import Minima
from whet.contracts.analysis import Piece
from whet.contracts.ports import Predictions
from whet.contracts.ref import LABELER, Ref
from whet.data.frames import FrameSet
from whet.data.labels import Labels
from whet.data.units import GPA
from whet.testing.given_work import GivenWork

TUNED = Ref("main", "periodic", 3, 1, last=True)


def test_a_planted_displacement_is_the_answer(tmp_path: Path) -> None:
    findings = found(Minima, tmp_path, predicted(UNTOUCHED, 0.02, stiff=0.8 * STIFF), predicted(TUNED, 0.0))
    (verdict,) = findings.verdicts
    assert verdict.question == "Displaced minima?" and verdict.prominent and verdict.decided
    assert verdict.claim.startswith("main: H1-O2 longer by 0.020 Å [0.0")
    assert verdict.evidence == "after periodic 3: every minimum of a bond within 0.005 Å of the reference's"
    first, second = rows(findings, "minima")
    assert (first["state"], first["bond"], first["verdict"]) == ("untouched", "H1-O2", "longer")
    assert first["stiffness ratio"] == pytest.approx(0.8, abs=0.01), "soft and displaced are two numbers"
    assert first["displacement"] == pytest.approx(0.02, abs=0.002)
    assert first["reference stiffness"] == pytest.approx(STIFF) and first["units"] == 5
    assert (second["state"], second["verdict"]) == ("periodic 3", "within 0.005 Å")
    assert [column.name for column in findings.table("minima").columns][:3] == ["state", "bond", "verdict"]


def test_shorter_bonds_are_called_shorter(tmp_path: Path) -> None:
    (verdict,) = found(Minima, tmp_path, predicted(UNTOUCHED, -0.03)).verdicts
    assert verdict.claim.startswith("main: H1-O2 shorter by 0.030 Å [0.02")


def test_softness_alone_is_no_displacement(tmp_path: Path) -> None:
    (verdict,) = found(Minima, tmp_path, predicted(UNTOUCHED, 0.0, stiff=0.7 * STIFF)).verdicts
    assert verdict.claim == "main: every minimum of a bond within 0.005 Å of the reference's"


def test_what_is_neither_displaced_nor_shown_to_be_in_place_is_no_decision(tmp_path: Path) -> None:
    (verdict,) = found(Minima, tmp_path, predicted(UNTOUCHED, 0.0, scatter=0.02)).verdicts
    assert (verdict.claim, verdict.decided) == ("main: no bond off by more than 0.005 Å is shown", False)


def test_a_bond_that_is_large_and_undecided_is_named(tmp_path: Path) -> None:
    """Wanted longer by 0.02 Å, give or take 0.06 Å from trajectory to trajectory."""
    findings = found(Minima, tmp_path, *(predicted(one, 0.02, scatter=0.06) for one in (UNTOUCHED, TUNED)))
    (verdict,), (row, _) = findings.verdicts, rows(findings, "minima")
    assert row["displacement 95 % low"] < 0 and row["displacement"] > 0.005 and row["verdict"] == "undecided"
    assert verdict.claim == "main: no bond off by more than 0.005 Å is shown" and not verdict.decided
    named, after = verdict.evidence.split("; ")
    assert named.startswith(f"H1-O2 undecided: {row['displacement']:.3f} Å [−0.0")
    assert after.startswith("after periodic 3: no bond off by more than 0.005 Å is shown, H1-O2 undecided (0.0")


def test_limits_say_that_the_reference_errs_and_the_definition_that_kinds_pool(tmp_path: Path) -> None:
    findings = found(Minima, tmp_path, predicted(UNTOUCHED, 0.02))
    (verdict,) = findings.verdicts
    assert verdict.limits.startswith("Relative to the reference, itself approximate (tight binding")
    assert "About a tenth of a displacement depends" in verdict.limits
    assert "A kind may pool bonds" in findings.definition


def test_three_trajectories_decide_nothing_but_are_shown(tmp_path: Path) -> None:
    findings = found(Minima, tmp_path, predicted(UNTOUCHED, 0.02, units=3))
    (verdict,) = findings.verdicts
    assert (verdict.claim, verdict.decided) == ("undecided: 3 trajectories", False)
    assert verdict.evidence == "main: H1-O2 longer by 0.020 Å"
    assert rows(findings, "minima")[0]["verdict"] == "undecided"


def relaxed(state: Ref, size: float, structures: int = 6, on: str = "packings", by: Ref = LABELER) -> Predictions:
    """On relaxed structures: the reference's forces are 0.01 eV/Å, the potential's off by normal ones of that size."""
    random = np.random.default_rng(7)
    frames = [water(100 + seed, 0.01) for seed in range(structures)]
    left = [0.01 * np.sign(random.normal(size=(3, 3))) for _ in frames]
    off = [one + size * random.normal(size=(3, 3)) for one in left]
    energies = [0.0] * structures
    ref = state.on(Ref(set=on, set_kind="independent", minimum_of=by, groups="frames"))
    sets = labeled(frames, energies, left), labeled(frames, energies, off)
    return Predictions(ref, *sets, range(structures), (), range(structures))


def test_forces_at_the_references_minima_are_evidence_beside_the_bonds(tmp_path: Path) -> None:
    at_rest = [relaxed(UNTOUCHED, 0.3, 40), relaxed(TUNED, 0.1, 40)]
    work = GivenWork(tmp_path, {"main": [predicted(UNTOUCHED, 0.02), predicted(TUNED, 0.0)], "minima": at_rest})
    findings = Minima(Minima.Options()).run(work)  # pyright: ignore[reportArgumentType]
    (verdict,) = findings.verdicts
    assert verdict.claim.startswith("main: H1-O2 longer by 0.020 Å [0.0")
    evidence, after = verdict.evidence.split("; ")
    assert after.startswith(
        "after periodic 3: every minimum of a bond within 0.005 Å of the reference's, but forces of 0."
    )
    assert after.endswith("eV/Å remain at the reference's minima")
    assert evidence.startswith("force at the reference's minima: RMS 0.") and evidence.endswith("40 structures")
    first, second = rows(findings, "forces-at-minima")
    assert f"but forces of {second['RMS F']:.3f} eV/Å" in after, "what is left is that of the fine-tuned state"
    assert (first["RMS F"], second["RMS F"]) == pytest.approx((0.3, 0.1), rel=0.1)
    assert first["RMS F 95 % low"] < 0.3 < first["RMS F 95 % high"]
    assert first["largest"] > first["RMS F"] and first["left by the relaxation"] == pytest.approx(0.01)
    assert (first["state"], second["state"], first["structures"]) == ("untouched", "periodic 3", 40)


@pytest.mark.parametrize(
    ("size", "structures", "claim", "decided"),
    [
        (0.3, 6, "main: minima displaced (force there RMS 0.", True),
        (0.001, 6, "main: every minimum about in place (force there RMS 0.001 eV/Å [0.001, 0.001], no more than", True),
        (0.05, 6, "main: minima not shown to be displaced (force there RMS 0.0", False),
        (0.3, 3, "undecided: 3 structures", False),
    ],
)
def test_where_nothing_else_is_known_they_answer(
    tmp_path: Path, size: float, structures: int, claim: str, decided: bool
) -> None:
    """Also softness: p = 0.7 f leaves nothing where f vanishes, so that none of these can come from it."""
    work = GivenWork(tmp_path, {"minima": [relaxed(UNTOUCHED, size, structures)]})
    findings = Minima(Minima.Options()).run(work)  # pyright: ignore[reportArgumentType]
    (verdict,) = findings.verdicts
    assert verdict.claim.startswith(claim) and verdict.decided == decided and verdict.prominent
    assert verdict.evidence.startswith("main: force at the reference's minima: RMS 0.")
    assert not findings.notes


def test_a_file_may_say_that_it_was_relaxed_frame_by_frame(tmp_path: Path) -> None:
    """Frames of dynamics and minima in one file: each is read as what it is."""
    moving = predicted(UNTOUCHED, 0.02)
    at_rest = replace(relaxed(UNTOUCHED, 0.3), ref=moving.ref)
    for frame in at_rest.reference:
        frame.info["sampled_by"] = "minimum"
    both = [[*one, *two] for one, two in ((moving.reference, at_rest.reference), (moving.predicted, at_rest.predicted))]
    numbers = [*moving.trajectories, *(10 + number for number in at_rest.trajectories)]
    one = Predictions(moving.ref, FrameSet(both[0]), FrameSet(both[1]), range(len(numbers)), (), numbers)
    findings = found(Minima, tmp_path, one)
    assert rows(findings, "minima")[0]["bonds"] == 2 * len(moving.reference)
    assert rows(findings, "forces-at-minima")[0]["structures"] == 6


def test_one_structure_again_is_no_further_structure(tmp_path: Path) -> None:
    six = relaxed(UNTOUCHED, 0.3, 6)
    reference, predicted = (
        labeled([six.reference[0]] * 6, [0.0] * 6, [frame.get_forces() for frame in frames])
        for frames in (six.reference, six.predicted)
    )
    work = GivenWork(tmp_path, {"minima": [replace(six, reference=reference, predicted=predicted)]})
    (verdict,) = Minima(Minima.Options()).run(work).verdicts  # pyright: ignore[reportArgumentType]
    assert (verdict.claim, verdict.decided) == ("undecided: 1 structure", False)


def test_minima_of_the_reference_stand_beside_the_first_set_and_others_nowhere() -> None:
    own = relaxed(UNTOUCHED, 0.3, on="own packings", by=UNTOUCHED)
    pieces = study(relaxed(UNTOUCHED, 0.3), own, predicted(UNTOUCHED, 0.0), predicted(UNTOUCHED, 0.0, on="far"))
    wanted = Minima(Minima.Options()).wants(pieces)
    assert [(one.label, list(one.inputs)) for one in wanted] == [("near", ["main", "minima"]), ("far", ["others"])]
    assert [one.ref.set for one in wanted[0].inputs["minima"] if isinstance(one, Piece)] == ["packings"]
    (alone,) = Minima(Minima.Options()).wants(study(relaxed(UNTOUCHED, 0.3), own))
    assert (alone.label, list(alone.inputs)) == ("packings", ["minima"])


def test_only_the_first_set_answers_on_the_first_screen() -> None:
    pieces = study(predicted(UNTOUCHED, 0.0), predicted(UNTOUCHED, 0.0, on="far"))
    wanted = Minima(Minima.Options()).wants(pieces)
    assert [(one.label, list(one.inputs)) for one in wanted] == [("near", ["main"]), ("far", ["others"])]
    assert Minima(Minima.Options()).wants(study()) == []


def salt(count: int, pressure: Sequence[float]) -> tuple[FrameSet, FrameSet]:
    """Frames of a crystal; predicted stresses that are off by so many GPa (tension positive)."""
    atoms = bulk("NaCl", "rocksalt", a=5.64, cubic=True).repeat(2)
    still = np.zeros((len(atoms), 3))
    reference = FrameSet(Labels(0.0, still + 0.1, np.zeros((3, 3))).attach(atoms) for _ in range(count))
    return reference, FrameSet(Labels(0.0, still, off * GPA * np.eye(3)).attach(atoms) for off in pressure)


def test_of_a_crystal_the_stress_is_said(tmp_path: Path) -> None:
    reference, answers = salt(5, [1.0, 1.2, 1.1, 1.0, 0.9])
    ref = UNTOUCHED.on(Ref(set="salt", set_kind="independent", groups="trajectories"))
    one = Predictions(ref, reference, answers, range(5), (), range(5))
    findings = found(Minima, tmp_path, one)
    (verdict,) = findings.verdicts
    assert verdict.claim.startswith("main: mean stress off by +1.04 GPa [") and "wants a smaller cell" in verdict.claim
    assert "no molecule whose bonds" in findings.notes[0]
    in_place = Predictions(ref, *salt(5, [0.02, -0.02, 0.01, 0.0, -0.01]), range(5), (), range(5))
    (verdict,) = found(Minima, tmp_path, in_place).verdicts
    assert verdict.claim == "main: mean stress within 0.1 GPa of the reference's"
