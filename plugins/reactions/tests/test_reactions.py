"""Planted reactions are found with their times, atoms and species; vibrations and thermal motion are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from reacting_frames import MAIN, found, liquid, scattered, shuffled, thermal, trajectory, with_proton
from whet import LABELER, FrameError, FrameSet, OptionsError, SampledTrajectory
from whet_reactions.reactions import Reactions, ReactionsOptions

# The proton is on the first oxygen for 40 frames, on its way for three, and on the second one from there on.
TRANSFER = [1.0] * 40 + [1.2, 1.35, 1.5] + [1.6] * 57


def run(folder: Path, *given: SampledTrajectory, **options: Any) -> Any:
    return found(Reactions(ReactionsOptions(**options)), folder, *given)


def transfers(count: int = 1, **rest: Any) -> list[SampledTrajectory]:
    start = with_proton([liquid()], [1.0])[0]
    return [trajectory(with_proton(thermal(start, 100, seed), TRANSFER), start, seed, **rest) for seed in range(count)]


def quiet(count: int, first: int = 0, **rest: Any) -> list[SampledTrajectory]:
    start = with_proton([liquid()], [1.0])[0]
    runs = range(first, first + count)
    return [trajectory(thermal(start, 100, seed + 50), start, seed, **rest) for seed in runs]


def records(findings: Any, table: str) -> list[dict[str, Any]]:
    return findings.table(table).records()


def test_a_proton_transfer_is_one_reaction_with_its_time_its_bonds_and_its_species(tmp_path: Path) -> None:
    findings = run(tmp_path, *transfers())
    (event,) = records(findings, "reactions")
    assert 400 <= event["time"] <= 440 and event["frame"] in (40, 41, 42)
    assert (event["before"], event["after"]) == ("H2O + H3O", "H2O + H3O")
    assert (event["made"], event["broken"]) == ("O3–H24", "O0–H24")
    (rates,) = records(findings, "reaction-rates")
    assert rates["reactions"] == rates["reactive"] == 1 and rates["rate"] == pytest.approx(1 / 0.99)
    species = {row["species"]: row["mean number"] for row in records(findings, "species")}
    assert species == pytest.approx({"H2O": 7, "H3O": 1})


def test_a_bond_that_only_vibrates_is_no_reaction_and_says_how_often_it_went_back(tmp_path: Path) -> None:
    start = with_proton([liquid()], [1.0])[0]
    # Every tenth frame the proton is beyond the breaking distance (1.5 × 0.97 Å), never for as long as 100 fs.
    places = [1.5 if number % 10 == 0 else 1.0 for number in range(100)]
    frames = with_proton([start] * 100, places)
    for frame in frames:
        frame.positions[3:6] += [1.0, 0, 0]  # nobody takes it meanwhile
    start = frames[1]
    findings = run(tmp_path, trajectory(frames, start))
    assert not records(findings, "reactions")
    (rates,) = records(findings, "reaction-rates")
    assert rates["reactions"] == 0 and rates["recrossings"] == 10
    # Between the two distances nothing happens at all: hysteresis.
    within = with_proton(frames, [1.4 if number % 10 == 0 else 1.0 for number in range(100)])
    (rates,) = records(run(tmp_path, trajectory(within, start)), "reaction-rates")
    assert rates["recrossings"] == 0
    # With a dwell time of nothing each is an event, there and back.
    (rates,) = records(run(tmp_path, trajectory(frames, start), dwell=0), "reaction-rates")
    assert rates["reactions"] == 20 and rates["recrossings"] == 0


def test_what_lasts_until_the_end_but_too_shortly_is_undecided(tmp_path: Path) -> None:
    start = with_proton([liquid()], [1.0])[0]
    frames = with_proton([start] * 50, [1.0] * 45 + [1.6] * 5)
    (rates,) = records(run(tmp_path, trajectory(frames, start)), "reaction-rates")
    assert (rates["reactions"], rates["recrossings"], rates["undecided"]) == (0, 0, 2)


def test_thermal_water_reacts_nowhere(tmp_path: Path) -> None:
    findings = run(tmp_path, *quiet(4), *quiet(4, by=LABELER))
    assert not records(findings, "reactions")
    rates = records(findings, "reaction-rates")
    assert [row["reactions"] for row in rates] == [0, 0]
    assert rates[0]["rate 95 % low"] == 0 and rates[0]["rate 95 % high"] == pytest.approx(3.689 / 3.96, rel=1e-3)
    (verdict,) = findings.verdicts
    assert not verdict.decided and verdict.claim == "no difference shown between main and the reference"


def test_false_reactions_are_told_from_four_trajectories_on(tmp_path: Path) -> None:
    (verdict,) = run(tmp_path, *transfers(4), *quiet(4, by=LABELER)).verdicts
    assert verdict.decided and verdict.units == 4
    assert verdict.claim == "main reacts more often than the reference"
    assert "4 reactions in 4 trajectories of main; 0 reactions in 4 trajectories of the reference" in verdict.evidence
    (few,) = run(tmp_path, *transfers(3), *quiet(4, by=LABELER)).verdicts
    assert not few.decided and few.claim == "undecided: 3 trajectories"
    (alone,) = run(tmp_path, *transfers(4)).verdicts
    assert not alone.decided and alone.claim == "4 reactions in 4 trajectories of main"
    assert alone.limits == "Without dynamics of the reference nothing says which reactions are false."


def test_two_reactions_at_one_time_are_two(tmp_path: Path) -> None:
    """A second molecule falls apart while the proton moves: nothing connects the two."""
    (one,) = transfers()
    frames = [frame.copy() for frame in one.frames]
    for frame in frames[40:]:
        frame.positions[7] = [6.0, 6.0, 2.0]  # a hydrogen of the third molecule
    first, second = records(run(tmp_path, trajectory(frames, one.start)), "reactions")
    sides = {(event["before"], event["after"]) for event in (first, second)}
    assert sides == {("H2O + H3O", "H2O + H3O"), ("H2O", "H + OH")}
    assert sorted(event["broken"] for event in (first, second)) == ["O0–H24", "O6–H7"]


def test_order_of_atoms_and_wrapping_change_nothing(tmp_path: Path) -> None:
    (one,) = transfers()
    order = np.random.default_rng(5).permutation(25).tolist()
    first = run(tmp_path, one)
    moved = trajectory(scattered(one.frames), one.start)
    assert [table.records() for table in run(tmp_path, moved).tables] == [table.records() for table in first.tables]
    other = run(tmp_path, trajectory(shuffled(one.frames, order), shuffled([one.start], order)[0]))
    for name in ("reaction-rates", "species", "species-numbers"):
        assert records(other, name) == records(first, name)
    (was,), (now,) = records(first, "reactions"), records(other, "reactions")
    assert now["made"] == "–".join(f"{s}{i}" for i, s in sorted([(order.index(3), "O"), (order.index(24), "H")]))
    for name in ("time", "frame", "before", "after"):
        assert was[name] == now[name]


def test_unequal_times_decide_what_lasts(tmp_path: Path) -> None:
    start = with_proton([liquid()], [1.0])[0]
    frames = with_proton([start] * 6, [1.0, 1.0, 1.6, 1.6, 1.0, 1.0])
    long = trajectory(frames, start, times=[0, 10, 20, 130, 140, 300])
    short = trajectory(frames, start, times=[0, 10, 20, 110, 140, 300])
    first, back = records(run(tmp_path, long), "reactions")
    assert (first["time"], back["time"]) == (20, 140)
    assert not records(run(tmp_path, short), "reactions")


def test_pairs_have_factors_of_their_own_and_ions_no_bonds(tmp_path: Path) -> None:
    (one,) = transfers()
    wide = {"O-H": {"forming": 1.2, "breaking": 3.0}}
    (event,) = records(run(tmp_path, one, pairs=wide), "reactions")
    assert event["made"] == "O3–H24" and event["broken"] == ""
    assert event["after"] == "H5O2"
    assert not records(run(tmp_path, one, unbonded=["H"]), "reactions")


def test_isomers_are_two_species_of_one_formula(tmp_path: Path) -> None:
    """A methyl group that goes from carbon to oxygen: ethanol's atoms become those of dimethyl ether."""
    from ase.build import molecule

    ethanol = molecule("CH3CH2OH")
    ethanol.center(vacuum=5)
    ether = molecule("CH3OCH3")
    ether.center(vacuum=5)
    findings = run(tmp_path, trajectory([ethanol] * 30, ethanol), trajectory([ether] * 30, ether, 1))
    names = [row["species"] for row in records(findings, "species")]
    assert len(set(names)) == 2 and all(name.startswith("C2H6O (") for name in names)


def test_what_happened_before_the_first_frame_is_said(tmp_path: Path) -> None:
    (one,) = transfers()
    findings = run(tmp_path, trajectory(list(one.frames)[60:], one.start))
    assert findings.notes == (
        ["1 of the reactions took place between the starting structure and the first frame, whose time they have."]
    )


def test_frames_of_other_atoms_are_refused(tmp_path: Path) -> None:
    (one,) = transfers()
    other = trajectory([*one.frames[:3], Atoms("H2", [[0, 0, 0], [0, 0, 0.7]])], one.start)
    with pytest.raises(FrameError) as caught:
        run(tmp_path, other)
    assert str(caught.value) == (
        "dynamics of main 0, frame 3: its atoms H2 are not those of the starting structure. "
        "Follow the frames of one trajectory, atoms in one order"
    )


@pytest.mark.parametrize(
    "options, fault",
    [
        ({"forming": 1.5, "breaking": 1.2}, "breaking (1.2) is less than forming (1.5)"),
        ({"pairs": {"O-H": {"forming": 2, "breaking": 1}}}, "breaking of O-H (1) is less than forming (2)"),
        ({"pairs": {"OH": {"forming": 1, "breaking": 2}}}, "pairs: 'OH' is no pair of elements, such as O-H"),
        ({"unbonded": ["Lithium"]}, "unbonded: 'Lithium' is no element"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], fault: str) -> None:
    with pytest.raises(OptionsError) as caught:
        ReactionsOptions.checked(options, of="analysis 'reactions'")
    assert fault in str(caught.value)


def test_energies_are_drawn_beside_reactions(tmp_path: Path) -> None:
    from ase.calculators.singlepoint import SinglePointCalculator

    (one,) = transfers()
    frames = []
    for number, frame in enumerate(one.frames):
        frame.calc = SinglePointCalculator(frame, energy=0.025 * number)
        frames.append(frame)
    labeled = FrameSet(frames[::10])
    findings = run(tmp_path, trajectory(frames, one.start, labeled=labeled, kept=range(0, 100, 10)))
    rows = records(findings, "reaction-energies")
    assert {row["what"] for row in rows} == {"predicted", "reference", "reaction"}
    (event,) = [row for row in rows if row["what"] == "reaction"]
    assert event["time"] == pytest.approx(0.42, abs=0.02)
    predicted = [row["energy"] for row in rows if row["what"] == "predicted"]
    assert len(predicted) == 100 and predicted[1] - predicted[0] == pytest.approx(1.0)


def test_memory_does_not_grow_with_frames(tmp_path: Path) -> None:
    import tracemalloc

    class Again(FrameSet):
        """The same frame, as often as it is asked for."""

        def __init__(self, count: int) -> None:
            self.most, self.frame = count, liquid()

        def __len__(self) -> int:
            return self.most

        def __iter__(self) -> Any:
            return (self.frame.copy() for _ in range(self.most))

    def most(count: int) -> int:
        one = trajectory([liquid()], liquid(), times=range(count))
        object.__setattr__(one, "frames", Again(count))
        tracemalloc.start()
        run(tmp_path, one)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    most(50)
    assert most(3000) < most(300) + 100_000


def test_the_driver_of_a_trajectory_may_be_unknown(tmp_path: Path) -> None:
    (one,) = transfers(by=None)
    (rates,) = records(run(tmp_path, one), "reaction-rates")
    assert rates["state"] == "dynamics of None"  # the set
    assert MAIN.untouched
