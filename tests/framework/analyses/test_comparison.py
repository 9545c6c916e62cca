"""Comparison of strategies: what was planted is found, and nothing is said where nothing can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms

from scored_sets import found_by, rows_by, tuned
from whet.analyses.comparison import MOST_PAIRS, ComparisonOptions, StrategyComparison
from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.ports import Predictions
from whet.contracts.ref import LABELER, RATTLE, Ref
from whet.data.errors import InputError
from whet.data.frames import FrameSet
from whet.data.labels import Labels
from whet.testing.analyses import check_analysis

MAIN = Ref("main")
NAIVE = [Ref("main", "naive", 1, seed, last=True) for seed in (1, 2, 3)]
PERIODIC = [Ref("main", "periodic", 2, seed, last=True) for seed in (1, 2, 3)]
PRESETS = {"naive": "naive", "periodic": "periodic"}

DYNAMICS = Ref(set="dynamics", set_kind="independent", sampled_by=LABELER, groups="trajectories")
SOFT = Ref(set="soft", set_kind="independent", sampled_by=MAIN, groups="trajectories")
OWN = Ref(set="own trajectory of main", set_kind="self", sampled_by=MAIN, groups="trajectories")
PACKINGS = Ref(set="packings", set_kind="independent", minimum_of=LABELER, groups="frames")
OWN_MINIMA = replace(PACKINGS, minimum_of=MAIN)
EACH = 2
"""Frames of a trajectory."""

FRAMES = [
    Atoms("Ar4", np.random.default_rng(number).uniform(0, 6, (4, 3)), cell=[6] * 3, pbc=True) for number in range(20)
]


def predictions(state, on, error, random, *, trajectories=6, each=None, stress=False):
    """Predictions whose errors are normal, of a width that varies by 10 % from trajectory to trajectory.

    error: eV/Å; a tenth of it is that of the energy per atom, eV, unless `each` says the widths of energy and forces.
    """
    reference, predicted, numbers = [], [], []
    energy, force = each or (error / 10, error)
    for number in range(trajectories):
        hard = np.exp(random.normal(0, 0.1, 2))
        for place in range(EACH):
            atoms = FRAMES[number * EACH + place]
            off = force * hard[0] * random.normal(size=(4, 3))
            of = np.full((3, 3), 0.01) if stress else None
            reference.append(Labels(0.0, np.zeros((4, 3)), of).attach(atoms))
            guess = Labels(4 * energy * hard[1] * random.normal(), off, None if of is None else of * (1 + error))
            predicted.append(guess.attach(atoms))
            numbers.append(number)
    return Predictions(state.on(on), FrameSet(reference), FrameSet(predicted), range(len(numbers)), (), numbers)


def pair(on=DYNAMICS, naive=0.1, periodic: float | Sequence[float] = 0.1, seed=0, **how):
    """What both predict; periodic: an error, or one for each seed."""
    random = np.random.default_rng(seed)
    errors = list(periodic) if isinstance(periodic, Sequence) else [periodic]
    found = [predictions(state, on, naive, random, **how) for state in NAIVE[: len(errors)]]
    return found + [predictions(state, on, one, random, **how) for state, one in zip(PERIODIC, errors, strict=False)]


def compared(folder, found, train=8, presets=PRESETS, pairs=(("naive", "periodic"),)):
    states = dict.fromkeys(one.ref.state for one in found)
    tunings = [tuned(one, train if one.strategy == "periodic" else 8) for one in states]
    options = {"pairs": pairs, "presets": presets}
    return found_by(StrategyComparison, folder, options, predictions=found, fine_tunings=tunings)


def test_analysis_conforms():
    assert check_analysis("comparison").ok


def test_planted_difference_is_named_with_its_size(tmp_path):
    found = compared(tmp_path, pair(periodic=0.03, trajectories=10))
    (verdict,) = found.verdicts
    assert verdict.question == "Naive or periodic?"
    assert verdict.claim.startswith("periodic is better in energy by ")
    assert ", in forces by " in verdict.claim
    assert (verdict.units, verdict.of, verdict.decided) == (10, "trajectories", True)
    assert "eV/Å" in verdict.evidence
    assert "one run of each; 10 labels each" in verdict.evidence
    assert "One run of each" in verdict.limits
    row = rows_by(found, "comparison", "quantity")["forces"]
    assert row["change"] == pytest.approx(-0.7, abs=0.1)
    assert row["reading"] == "periodic is better"


def test_twenty_percent_in_forces_are_found_and_energy_is_left_open(tmp_path):
    random, found = np.random.default_rng(5), []
    for state, force in ((NAIVE[0], 0.1), (PERIODIC[0], 0.07)):
        found.append(predictions(state, DYNAMICS, 0.0, random, each=(0.01, force)))
    (verdict,) = compared(tmp_path, found).verdicts
    assert verdict.claim.startswith("periodic is better in forces by ")
    assert verdict.claim.endswith("; energy: no difference resolved")


def test_equal_strategies_are_told_apart_in_five_percent_at_most(tmp_path):
    claims = 0
    for seed in range(200):
        found = [*pair(seed=seed), *pair(replace(DYNAMICS, set="rattled", sampled_by=RATTLE), seed=1000 + seed)]
        (verdict,) = compared(tmp_path, found).verdicts
        claims += verdict.decided
    assert claims <= 16  # two standard errors above 10


def test_fewer_than_four_trajectories_are_undecided(tmp_path):
    found = compared(tmp_path, pair(periodic=0.01, trajectories=3))
    (verdict,) = found.verdicts
    assert (verdict.claim, verdict.units, verdict.decided) == ("undecided: 3 trajectories", 3, False)
    assert {row["reading"] for row in found.table("comparison").records()} == {"undecided: 3 trajectories"}


def test_structures_that_the_reference_relaxed_decide(tmp_path):
    found = compared(tmp_path, pair(PACKINGS, periodic=0.03, trajectories=10))
    (verdict,) = found.verdicts
    assert verdict.decided and verdict.claim.startswith("periodic is better in energy by ")
    assert {row["frames of"] for row in found.table("comparison").records()} == {"relaxed structures"}


@pytest.mark.parametrize("on", [SOFT, OWN, OWN_MINIMA], ids=["driver", "own", "minima"])
def test_frames_of_a_potentials_dynamics_decide_nothing(tmp_path, on):
    found = compared(tmp_path, pair(on, periodic=0.01))
    (verdict,) = found.verdicts
    assert verdict.claim == "undecided: only frames that potentials sampled"
    assert not verdict.decided
    assert "favor the naive strategy" in verdict.limits
    assert "favor the naive strategy" in found.figures[0].caption
    row = rows_by(found, "comparison", "quantity")["forces"]
    assert (row["reading"], row["p"]) == ("decides nothing", None)
    assert row["change"] < -0.5


def test_they_take_no_part_where_others_decide(tmp_path):
    alone = compared(tmp_path, pair(periodic=0.05))
    both = compared(tmp_path, [*pair(periodic=0.05), *pair(OWN, periodic=0.2, seed=1)])
    assert both.verdicts[0].claim == alone.verdicts[0].claim
    assert rows_by(both, "comparison", "set", "quantity")["own run of untouched", "forces"]["change"] > 0


def test_seeds_that_disagree_are_not_claimed(tmp_path):
    agree = compared(tmp_path, pair(periodic=[0.05, 0.05, 0.05])).verdicts[0]
    assert agree.decided
    assert "3 seeds of each" in agree.evidence
    assert "One run" not in agree.limits
    apart = compared(tmp_path, pair(periodic=[0.05, 0.12, 0.06])).verdicts[0]
    assert (apart.claim, apart.decided) == ("no difference resolved", False)


def test_different_numbers_of_labels_are_said(tmp_path):
    (verdict,) = compared(tmp_path, pair(periodic=0.05), train=18).verdicts
    assert "10 labels and 20 labels" in verdict.evidence
    assert "different numbers of labels: 10 labels (naive), 20 labels (periodic)" in verdict.limits


def test_stress_where_it_is_labeled(tmp_path):
    found = compared(tmp_path, pair(stress=True))
    assert list(rows_by(found, "comparison", "quantity")) == ["energy", "forces", "stress"]
    assert list(rows_by(compared(tmp_path, pair()), "comparison", "quantity")) == ["energy", "forces"]


def test_one_decides_and_what_is_too_small_is_left_out(tmp_path):
    small = replace(DYNAMICS, set="small")
    (verdict,) = compared(tmp_path, [*pair(periodic=0.05), *pair(small, trajectories=2)]).verdicts
    assert verdict.decided
    assert "“small” is left out (undecided: 2 trajectories)." in verdict.limits


def test_other_strategies_are_another_question(tmp_path):
    found = compared(tmp_path, pair(), presets={"naive": "naive", "periodic": "hybrid", "c": "", "d": ""})
    assert found.verdicts[0].question == "Which strategy?"
    assert found.notes == ("5 other pairs of strategies not compared: name them in `pairs`.",)


def test_nothing_to_compare(tmp_path):
    found = compared(tmp_path, pair()[:1])
    assert found.is_empty
    assert found.notes


def pieces_of(*strategies, sets=(DYNAMICS,), potential="main"):
    states = [Ref(potential, name, 2, seed, last=True) for name in strategies for seed in (1, 2)]
    states += [Ref(potential, name, 1, 1) for name in strategies]
    found = [Piece("predictions", state.on(on), f"{state} {state.seed} {on}") for on in sets for state in states]
    return found + [Piece("fine-tunings", state, f"{state} {state.seed}") for state in states]


def wanted(*pieces, pairs=(), **presets):
    analysis = StrategyComparison(ComparisonOptions(pairs=tuple(pairs)))
    return analysis.wants(StudyPieces("study", pieces, strategies=presets))


def test_a_step_for_each_potential_with_two_strategies():
    pieces = pieces_of("periodic", "naive", "c") + pieces_of("naive", potential="other")
    (one,) = wanted(*pieces, periodic="periodic", naive="naive", c="")
    assert one.label == "main"
    assert one.options["pairs"] == [["naive", "periodic"], ["periodic", "c"], ["naive", "c"]]
    assert {piece.ref.round for piece in one.inputs["predictions"]} == {2}
    assert len(one.inputs["predictions"]) == 6
    assert len(one.inputs["fine-tunings"]) == 6


def test_so_many_pairs_at_most_unless_they_are_named():
    names = "abcde"
    presets = dict.fromkeys(names, "")
    (one,) = wanted(*pieces_of(*names), **presets)
    assert len(one.options["pairs"]) == MOST_PAIRS
    (one,) = wanted(*pieces_of(*names), pairs=[("d", "e")], **presets)
    assert one.options["pairs"] == [["d", "e"]]
    assert {piece.ref.strategy for piece in one.inputs["predictions"]} == {"d", "e"}
    with pytest.raises(InputError, match="no strategy 'x'"):
        wanted(*pieces_of(*names), pairs=[("d", "x")], **presets)


def test_own_trajectories_of_both_and_of_the_untouched_potential():
    others = Ref("main", "c", 2, 1, last=True)
    owners = [MAIN, NAIVE[0], replace(NAIVE[0], seed=2), others, Ref("other")]
    owners[1:3] = [replace(one, round=2) for one in owners[1:3]]
    sets = [Ref(set=f"own {place}", set_kind="self", sampled_by=one) for place, one in enumerate(owners)]
    (one,) = wanted(*pieces_of("naive", "periodic", sets=sets), **PRESETS)
    assert {piece.ref.set for piece in one.inputs["predictions"]} == {"own 0", "own 1"}


def test_replay_frames_answer_another_question():
    old = Ref(set="old", set_kind="replay")
    assert not wanted(*pieces_of("naive", "periodic", sets=[old]), **PRESETS)


def test_a_study_without_two_strategies_shows_nothing():
    assert not wanted(*pieces_of("naive"), naive="naive")
    assert not wanted()
