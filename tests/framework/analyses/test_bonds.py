"""bonds: a planted shift is called different, the same dynamics are not, and groups are who sampled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ase import Atoms

from analysis_inputs import found, frames_of, labeled, own, rows, study, trajectory, water
from whet.analyses.bonds import Bonds
from whet.contracts.ports import SampledTrajectory
from whet.contracts.ref import LABELER, Ref
from whet.data.frames import FrameSet

UNTOUCHED = Ref("main")


def stretched(frames: FrameSet, factor: float) -> FrameSet:
    """The frames, scaled evenly: every bond is longer by that factor."""
    made = [frame.copy() for frame in frames]
    for frame in made:
        frame.positions *= factor
    return FrameSet(made)


def sampled(name: str, frames: FrameSet, by: Ref = LABELER, number: int = 0, **rest) -> SampledTrajectory:
    return trajectory(Ref(set=name, set_kind="independent", sampled_by=by, trajectory=number, **rest), frames)


def gathered(
    strategy: str, frames: FrameSet, round: int = 1, potential: str = "main", seed: int = 1
) -> SampledTrajectory:
    ref = Ref(set=f"{potential} {strategy}", set_kind="training", sampled_by=Ref(potential), trajectory=round - 1)
    return trajectory(replace(ref, gathered_by=Ref(potential, strategy, round, seed)), frames)


def several(of: SampledTrajectory, count: int, seed: int, frames: int = 11, factor: float = 1.0, fall: float = 0.0):
    """So many trajectories of water like this one, each 10 fs a frame; fall: eV by which the driver's energy falls."""
    made = []
    for number in range(count):
        part = stretched(frames_of(frames, seed=seed + 100 * number), factor)
        part = labeled(list(part), [-fall * place for place in range(frames)], [[[0.0] * 3] * 3] * frames)
        made.append(trajectory(replace(of.ref, trajectory=number), part))
    return made


DYNAMICS, OWN = sampled("dynamics", frames_of(1)), trajectory(own(UNTOUCHED), frames_of(1))


def test_a_planted_shift_is_called_different(tmp_path: Path) -> None:
    data = [*several(DYNAMICS, 5, 0), *several(OWN, 5, 5000, factor=1.2)]
    findings = found(Bonds, tmp_path, *data)
    (shift,) = rows(findings, "bond-shifts")
    shown = [column.name for column in findings.table("bond-shifts").columns if column.shown]
    assert shown[:4] == ["to", "bond", "verdict", "mean change"], "the verdict is not off the right edge"
    assert shift["own run of"] == "main"
    assert (shift["from"], shift["to"], shift["bond"]) == ("reference dynamics", "own run of untouched", "H1-O2")
    assert shift["mean change"] == pytest.approx(0.19, abs=0.03)
    assert shift["mean change 95 % low"] > 0.1
    assert shift["distance 95 % low"] > shift["distance by chance"]
    assert shift["verdict"].startswith("different: mean") and shift["p"] == shift["p of the mean"] <= 0.05
    said = "5 against 5 trajectories can be dealt out in so few ways that no p is below 0.0079."
    assert findings.notes == [said]


def test_the_same_dynamics_are_not_told_apart(tmp_path: Path) -> None:
    (shift,) = rows(found(Bonds, tmp_path, *several(DYNAMICS, 4, 0), *several(OWN, 4, 5000)), "bond-shifts")
    assert shift["verdict"] == "no difference resolved"
    assert abs(shift["mean change"]) < 0.02


def test_three_trajectories_decide_nothing(tmp_path: Path) -> None:
    """However many frames they have and however far apart they are."""
    data = [*several(DYNAMICS, 3, 0, frames=40), *several(OWN, 5, 5000, factor=1.2)]
    findings = found(Bonds, tmp_path, *data)
    (shift,) = rows(findings, "bond-shifts")
    assert shift["verdict"] == "undecided: 3 trajectories"
    assert shift["distance by chance"] is None and shift["p"] is None and shift["distance 95 % low"] is None
    assert shift["mean change"] == pytest.approx(0.19, abs=0.03)
    assert rows(findings, "bonds")[0]["mean 95 % low"] is None


def test_series_that_are_short_or_run_down_have_no_width_and_the_notes_say_why(tmp_path: Path) -> None:
    data = [*several(DYNAMICS, 4, 0, fall=0.03), *several(OWN, 4, 5000, frames=4)]
    findings = found(Bonds, tmp_path, *data)
    assert [row["width"] for row in rows(findings, "bonds")] == [None, None]
    (shift,) = rows(findings, "bond-shifts")
    assert shift["width change"] is None and shift["p of the width"] is None and shift["p of the mean"] is not None
    notes = [note.replace("\N{NO-BREAK SPACE}", " ") for note in findings.notes]
    assert notes[0].startswith("No width of reference dynamics: the driver's energy still falls, by 100.0 meV/atom")
    assert notes[1].startswith("No width of own run of untouched: 30 fs are 3 periods of the fastest mode")


def test_a_broken_bond_is_counted_and_not_averaged(tmp_path: Path) -> None:
    broken = water(0, 0.0)
    broken.positions[1] += 3.0
    frames = labeled([water(0, 0.0), broken], [0.0] * 2, [[[0.0] * 3] * 3] * 2)
    (row,) = rows(found(Bonds, tmp_path, sampled("dynamics", frames)), "bonds")
    assert (row["bonds"], row["broken"]) == (2, 1)
    assert row["mean"] == pytest.approx(0.962, abs=0.001)


def test_groups_are_who_sampled_and_what_for(tmp_path: Path) -> None:
    data = [
        gathered("periodic", frames_of(2), 1),
        gathered("periodic", frames_of(2, seed=5), 2),
        gathered("naive", frames_of(2, seed=10)),
        sampled("dynamics", frames_of(2, seed=15), number=0),
        sampled("dynamics", frames_of(2, seed=20), number=1),
        sampled("near", frames_of(2, seed=25), by=UNTOUCHED),
        trajectory(own(UNTOUCHED), frames_of(2, seed=30)),
    ]
    findings = found(Bonds, tmp_path, *data)
    groups = {row["sampled by"]: row["frames"] for row in rows(findings, "bonds")}
    assert groups == {"reference dynamics": 4, "own run of untouched": 2, "data of periodic": 4, "data of naive": 2}
    backwards = found(Bonds, tmp_path, *reversed(data))
    assert sorted(map(str, rows(backwards, "bonds"))) == sorted(map(str, rows(findings, "bonds")))


def test_runs_of_a_repeated_strategy_stand_together(tmp_path: Path) -> None:
    """With four runs each of three strategies the figure had a color for each of thirteen states."""
    states = [Ref("main", name, 2, seed) for name in ("naive", "periodic") for seed in (1, 2, 3, 4)]
    data = [trajectory(own(state), frames_of(3, seed=10 * n)) for n, state in enumerate([UNTOUCHED, *states])]
    table = rows(found(Bonds, tmp_path, *data), "bonds")
    assert {row["sampled by"]: row["trajectories"] for row in table} == {
        "own run of untouched": 1,
        "own run of naive 2": 4,
        "own run of periodic 2": 4,
    }


def test_without_reference_dynamics_each_is_held_against_the_next(tmp_path: Path) -> None:
    data = [trajectory(own(Ref(name)), frames_of(4, seed=seed)) for seed, name in enumerate("abc")]
    shifts = rows(found(Bonds, tmp_path, *data), "bond-shifts")
    words = [(shift["from"], shift["to"]) for shift in shifts]
    assert words == [(f"own run of {a} untouched", f"own run of {b} untouched") for a, b in ("ab", "bc")]


def test_a_trajectory_of_the_labeler_that_two_strategies_share_counts_once() -> None:
    pieces = study(gathered("naive", frames_of(2)), gathered("periodic", frames_of(2)))
    shared = [replace(piece, key="same", ref=replace(piece.ref, sampled_by=LABELER)) for piece in pieces.pieces]
    (wanted,) = Bonds(Bonds.Options()).wants(replace(pieces, pieces=shared))
    assert [len(wanted.inputs[role]) for role in ("reference", "own", "gathered")] == [1, 0, 2]


def test_other_molecules_than_the_first_of_a_group_are_left_out_and_said(tmp_path: Path) -> None:
    strange = sampled("dynamics", frames_of(2, oxygen="S"), number=1)
    strange = replace(strange, start=water(0, 0.0, oxygen="S"), title="sulfide")
    findings = found(Bonds, tmp_path, sampled("dynamics", frames_of(2)), strange)
    assert "sulfide" in findings.notes[-1]
    assert [row["bond"] for row in rows(findings, "bonds")] == ["H1-O2"]


def test_atoms_without_bonds_are_said(tmp_path: Path) -> None:
    alone = Atoms("Ar2", [[0, 0, 0], [0, 0, 8.0]])
    findings = found(Bonds, tmp_path, replace(sampled("dynamics", FrameSet([alone])), start=alone))
    assert findings.is_empty
    assert "no starting structure has a bond" in findings.notes[0]
    assert Bonds(Bonds.Options()).wants(study()) == []


def test_names_in_which_slashes_stand_are_two_groups(tmp_path: Path) -> None:
    data = [gathered("c", frames_of(2), potential="a/b"), gathered("b/c", frames_of(2, seed=9), potential="a")]
    groups = [row["sampled by"] for row in rows(found(Bonds, tmp_path, *data), "bonds")]
    assert groups == ["data of a/b c", "data of a b/c"]
