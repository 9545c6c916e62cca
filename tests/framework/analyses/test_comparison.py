"""Comparison of strategies: what was planted is found, and nothing is said where nothing can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms

from scored_sets import found_by, rows_by, tuned
from whet.analyses.comparison import MOST_PAIRS, ComparisonOptions, StrategyComparison
from whet.analyses.parts.compared import too_few
from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.ports import Predictions
from whet.contracts.ref import LABELER, RATTLE, Ref
from whet.data.errors import InputError
from whet.data.frames import FrameSet
from whet.data.labels import Labels

MAIN = Ref("main")
NAIVE = [Ref("main", "naive", 1, seed, last=True) for seed in range(1, 7)]
PERIODIC = [Ref("main", "periodic", 2, seed, last=True) for seed in range(1, 7)]
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


def predictions(state, on, error, random, *, trajectories=6, each=None, stress=False, offset=0.0):
    """Predictions whose errors are normal, of a width that varies by 10 % from trajectory to trajectory.

    error: eV/Å; a tenth of it is that of the energy per atom, eV, unless `each` says the widths of energy and forces.
    offset: of the energy per atom of all frames, eV.
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
            guess = Labels(
                4 * (offset + energy * hard[1] * random.normal()), off, None if of is None else of * (1 + error)
            )
            predicted.append(guess.attach(atoms))
            numbers.append(number)
    return Predictions(state.on(on), FrameSet(reference), FrameSet(predicted), range(len(numbers)), (), numbers)


def pair(on=DYNAMICS, naive=0.1, periodic: float | Sequence[float] = 0.1, seed=0, **how):
    """What both predict; periodic: an error, or one for each seed."""
    random = np.random.default_rng(seed)
    errors = list(periodic) if isinstance(periodic, Sequence) else [periodic]
    found = [predictions(state, on, naive, random, **how) for state in NAIVE[: len(errors)]]
    return found + [predictions(state, on, one, random, **how) for state, one in zip(PERIODIC, errors, strict=False)]


def compared(
    folder, found, train=8, presets=PRESETS, pairs=(("naive", "periodic"),), starts=None, valid=2, shares=None
):
    """What the comparison finds. train, valid: frames of periodic; naive has 8 and 2. shares: of the loss, of both."""
    states = dict.fromkeys(one.ref.state for one in found)
    tunings = [tuned(one, *((train, valid) if one.strategy == "periodic" else (8, 2))) for one in states]
    at_start = {name: {"weight": 1.0, "mean": 1.0, "share": share} for name, share in (shares or {}).items()}
    tunings = [replace(one, loss_at_start=at_start) for one in tunings]
    options = {"pairs": pairs, "presets": presets, "starts": starts or {}}
    return found_by(StrategyComparison, folder, options, predictions=found, fine_tunings=tunings)


EQUAL = [0.1] * 3


def test_planted_difference_of_repeated_strategies_is_claimed_with_its_size(tmp_path):
    found = compared(tmp_path, pair(periodic=[0.03] * 6, trajectories=10))
    (verdict,) = found.verdicts
    assert verdict.question == "Naive or periodic?"
    assert verdict.claim.startswith("periodic is better in relative energies (periodic −")
    assert " on “dynamics”), in forces (periodic −" in verdict.claim
    assert (verdict.units, verdict.of, verdict.decided) == (10, "trajectories", True)
    assert "eV/Å" in verdict.evidence
    assert verdict.evidence.startswith(
        "MAE, naive → periodic, on “dynamics” (10 trajectories, 20 frames): relative energies "
    )
    assert verdict.evidence.endswith("; 6 seeds of each; 10 labels each")
    row = rows_by(found, "comparison", "quantity")["forces"]
    assert row["change"] == pytest.approx(-0.7, abs=0.1)
    assert row["reading"] == "periodic errs less"


def test_one_run_of_each_decides_nothing_about_strategies(tmp_path):
    found = compared(tmp_path, pair(periodic=0.03, trajectories=10))
    (verdict,) = found.verdicts
    said = "undecided: one run of each. Of these two potentials: "
    assert verdict.claim.startswith(f"{said}periodic errs less in relative energies (periodic −")
    assert not verdict.decided
    assert "better" not in verdict.claim
    assert "one run of each; 10 labels each" in verdict.evidence
    assert "Other runs may differ by more" in verdict.limits
    (verdict,) = compared(tmp_path, pair()).verdicts
    assert verdict.claim == f"{said}no difference resolved"


def test_the_claim_and_the_table_have_one_denominator(tmp_path):
    found = compared(tmp_path, pair(naive=0.03, trajectories=10))
    change = rows_by(found, "comparison", "quantity")["forces"]["change"]
    assert change > 1  # of the second over the first, also where the first errs less
    assert "naive errs less in relative energies (periodic +" in found.verdicts[0].claim
    assert f"in forces (periodic +{100 * change:.0f}\N{NO-BREAK SPACE}% [+" in found.verdicts[0].claim
    assert f"{100 * change:.0f}" not in found.verdicts[0].evidence


@pytest.mark.parametrize("runs", [1, 3])
def test_a_constant_offset_of_the_energy_is_stated_and_not_claimed(tmp_path, runs):
    random, found = np.random.default_rng(3), []
    for states, offset in ((NAIVE, -0.02), (PERIODIC, -0.3)):
        found += [predictions(one, DYNAMICS, 0.05, random, offset=offset) for one in states[:runs]]
    findings = compared(tmp_path, found)
    (verdict,) = findings.verdicts
    assert "no difference resolved" in verdict.claim
    assert "errs less" not in verdict.claim and "better" not in verdict.claim
    assert not verdict.decided
    row = rows_by(findings, "comparison", "quantity")["relative energies"]
    assert row["p"] > 0.05
    first, second = (float(part) for part in row["energy offset"].removesuffix(" meV/atom").split(" against "))
    assert (first, second) == (pytest.approx(20, abs=5), pytest.approx(300, abs=5))
    assert f", energy offset {row['energy offset']}, forces " in verdict.evidence


def test_the_same_states_but_for_a_constant_are_the_same(tmp_path):
    naive = [predictions(state, DYNAMICS, 0.05, np.random.default_rng(3), offset=0.02) for state in NAIVE]
    periodic = [predictions(state, DYNAMICS, 0.05, np.random.default_rng(3), offset=0.3) for state in PERIODIC]
    (verdict,) = compared(tmp_path, naive + periodic).verdicts
    assert (verdict.claim, verdict.decided) == ("no difference resolved", False)


def test_a_difference_in_relative_energies_is_claimed_beneath_a_larger_offset(tmp_path):
    random, found = np.random.default_rng(4), []
    for states, energy, offset in ((NAIVE, 0.01, 0.0), (PERIODIC, 0.002, 0.3)):
        how = {"each": (energy, 0.1), "offset": offset, "trajectories": 10}
        found += [predictions(state, DYNAMICS, 0.1, random, **how) for state in states]
    (verdict,) = compared(tmp_path, found).verdicts
    assert verdict.decided
    assert verdict.claim.startswith("periodic is better in relative energies (periodic −")


def test_thirty_percent_in_forces_are_found_and_energy_is_left_open(tmp_path):
    random, found = np.random.default_rng(5), []
    for states, force in ((NAIVE, 0.1), (PERIODIC, 0.07)):
        found += [predictions(state, DYNAMICS, 0.0, random, each=(0.01, force)) for state in states]
    (verdict,) = compared(tmp_path, found).verdicts
    assert verdict.claim.startswith("periodic is better in forces (periodic −")
    assert verdict.claim.endswith("; relative energies: no difference resolved")


@pytest.mark.parametrize("errors", [[0.1], EQUAL], ids=["one run", "three runs"])
def test_equal_strategies_are_told_apart_in_five_percent_at_most(tmp_path, errors):
    claims = 0
    for seed in range(200):
        rattled = replace(DYNAMICS, set="rattled", sampled_by=RATTLE)
        found = [*pair(seed=seed, periodic=errors), *pair(rattled, seed=1000 + seed, periodic=errors)]
        found = compared(tmp_path, found)
        claims += any("errs less" in row["reading"] for row in found.table("comparison").records())
        assert found.verdicts[0].decided <= (len(errors) > 1)
    assert claims <= 16  # two standard errors above 10


def test_what_else_differs_in_the_data_is_said(tmp_path):
    starts = {"naive": 3, "periodic": 1}
    (verdict,) = compared(tmp_path, pair(), train=9, valid=1, starts=starts).verdicts
    assert (
        "Their data differ in more than who sampled them: 3 starting structures against 1, "
        "8 training and 2 validation frames against 9 and 1." in verdict.limits
    )
    (verdict,) = compared(tmp_path, pair(), starts={"naive": 3}).verdicts
    assert "Their data" not in verdict.limits


def test_a_claimed_quantity_that_the_loss_hardly_saw_is_named(tmp_path):
    shares = {"energy": 0.002, "forces": 0.99}
    (verdict,) = compared(tmp_path, pair(periodic=[0.03] * 6, trajectories=10), shares=shares).verdicts
    assert "Before the first step energy had 0.2\N{NO-BREAK SPACE}% of the loss." in verdict.limits
    assert "forces had" not in verdict.limits
    (verdict,) = compared(tmp_path, pair(), shares=shares).verdicts
    assert "of the loss" not in verdict.limits


def test_evidence_says_how_much_there_is_of_each_set(tmp_path):
    both = [*pair(periodic=[0.03] * 6, trajectories=10), *pair(PACKINGS, periodic=[0.03] * 6, trajectories=7)]
    (verdict,) = compared(tmp_path, both).verdicts
    assert "“dynamics” (10 trajectories, 20 frames): " in verdict.evidence
    assert "“packings” (14 relaxed structures): " in verdict.evidence
    assert (verdict.units, verdict.of) == (10, "or more independent units a set")


def test_fewer_than_four_trajectories_are_undecided(tmp_path):
    found = compared(tmp_path, pair(periodic=0.01, trajectories=3))
    (verdict,) = found.verdicts
    assert (verdict.claim, verdict.units, verdict.decided) == ("undecided: 3 trajectories", 3, False)
    assert {row["reading"] for row in found.table("comparison").records()} == {"undecided: 3 trajectories"}


def test_structures_that_the_reference_relaxed_decide(tmp_path):
    found = compared(tmp_path, pair(PACKINGS, periodic=[0.03] * 6, trajectories=10))
    (verdict,) = found.verdicts
    assert verdict.decided and verdict.claim.startswith("periodic is better in relative energies (")
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
    assert "Other runs" not in agree.limits
    apart = compared(tmp_path, pair(periodic=[0.05, 0.12, 0.06])).verdicts[0]
    assert (apart.claim, apart.decided) == ("no difference resolved", False)


def test_different_numbers_of_labels_are_said(tmp_path):
    (verdict,) = compared(tmp_path, pair(periodic=0.05), train=18).verdicts
    assert "10 labels and 20 labels" in verdict.evidence
    assert "different numbers of labels: 10 labels (naive), 20 labels (periodic)" in verdict.limits


def test_stress_where_it_is_labeled(tmp_path):
    found = compared(tmp_path, pair(stress=True))
    assert list(rows_by(found, "comparison", "quantity")) == ["relative energies", "forces", "stress"]
    assert list(rows_by(compared(tmp_path, pair()), "comparison", "quantity")) == ["relative energies", "forces"]


def test_one_decides_and_what_is_too_small_is_left_out(tmp_path):
    small = replace(DYNAMICS, set="small")
    both = [*pair(periodic=[0.05] * 3), *pair(small, periodic=EQUAL, trajectories=2)]
    (verdict,) = compared(tmp_path, both).verdicts
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


def test_starting_structures_are_counted_where_they_are_known():
    training = []
    for strategy, trajectories in (("naive", [0, 1, 2]), ("periodic", [0, 0]), ("c", [0, None])):
        for round_, trajectory in enumerate(trajectories, start=1):
            of = Ref("main", strategy, round_, 1)
            ref = Ref(set=f"main {strategy}", set_kind="training", trajectory=trajectory, gathered_by=of)
            training.append(Piece("labeled", ref, f"{strategy} {round_}"))
    (one,) = wanted(*pieces_of("naive", "periodic", "c"), *training, naive="naive", periodic="periodic", c="")
    assert one.options["starts"] == {"naive": 3, "periodic": 1}


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


def test_the_figure_names_both_strategies_and_tells_sets_apart_that_decide_nothing(tmp_path):
    found = compared(tmp_path, [*pair(), *pair(OWN, seed=1)])
    (figure,) = found.figures
    assert figure.caption.startswith("Change of the MAE from naive to periodic: left of 0, periodic errs less.")
    assert found.table("comparison").caption == "Change from naive to periodic: naive (10 labels), periodic (10 labels)"
    layers = (figure.spec or {})["layer"]
    assert "change of the MAE from naive to periodic, logarithmic" in str(layers)
    # One channel says both, so that the legend draws the symbols as they are.
    (shape,) = [layer["encoding"]["shape"] for layer in layers if "shape" in layer["encoding"]]
    (disc, ring), kinds = shape["scale"]["range"], shape["scale"]["domain"]
    assert kinds == ["reference dynamics", "a potential's dynamics"]
    assert disc == "circle" != ring
    assert all(layer["encoding"]["color"]["scale"]["domain"] == kinds for layer in layers[1:])


def test_one_of_what_is_counted_is_one() -> None:
    assert [too_few(number, "trajectories") for number in (1, 2)] == [
        "undecided: 1 trajectory",
        "undecided: 2 trajectories",
    ]
