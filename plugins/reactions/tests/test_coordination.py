"""Planted changes of coordination are found; a shell that only vibrates has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reacting_frames import cobalt, found, scattered, shuffled, thermal, trajectory, with_chloride
from whet import LABELER, FrameError, OptionsError, SampledTrajectory
from whet_reactions.coordination import Coordination, CoordinationOptions
from whet_reactions.shell_radius import shell_radius

ARRIVES = [4.5] * 50 + [3.5, 3.0, 2.6] + [2.25] * 47


def run(folder: Path, *given: SampledTrajectory, **options: Any) -> Any:
    made = CoordinationOptions.checked({"centers": "Co", "neighbors": ["Cl"], **options}, of="coordination")
    return found(Coordination(made), folder, *given)


def arrivals(count: int = 1, **rest: Any) -> list[SampledTrajectory]:
    return [trajectory(with_chloride(ARRIVES, seed), cobalt(), seed, **rest) for seed in range(count)]


def quiet(count: int, **rest: Any) -> list[SampledTrajectory]:
    return [trajectory(with_chloride([4.5] * 100, seed + 20), cobalt(), seed, **rest) for seed in range(count)]


def records(findings: Any, table: str) -> list[dict[str, Any]]:
    return findings.table(table).records()


def test_a_fourth_chloride_is_found_with_its_time(tmp_path: Path) -> None:
    findings = run(tmp_path, *arrivals())
    (change,) = records(findings, "coordination-changes")
    assert (change["before"], change["after"]) == ("CoCl3", "CoCl4")
    assert (change["center"], change["came"], change["went"]) == ("Co0", "Cl4", "")
    assert 520 <= change["time"] <= 540
    (row,) = records(findings, "coordination")
    assert row["number"] == pytest.approx(3.48, abs=0.02) and row["changes"] == 1
    assert row["smooth number"] == pytest.approx(3.48, abs=0.05)
    shares = {one["number"]: one["share"] for one in records(findings, "coordination-shares")}
    assert shares[3] + shares[4] == pytest.approx(1) and shares[4] == pytest.approx(0.48, abs=0.02)
    (radius,) = records(findings, "coordination-radii")
    assert radius["from"] == "first minimum, all trajectories"
    assert 2.25 < radius["comes below"] < radius["goes above"] < 4.2


def test_a_chloride_that_looks_in_for_a_moment_is_a_recrossing(tmp_path: Path) -> None:
    places = [4.5] * 50 + [2.25] * 5 + [4.5] * 45
    findings = run(tmp_path, trajectory(with_chloride(places), cobalt()), cutoff=3.0)
    assert not records(findings, "coordination-changes")
    (row,) = records(findings, "coordination")
    assert row["changes"] == 0 and row["recrossings"] == 1


def test_an_exchange_is_one_change(tmp_path: Path) -> None:
    frames = with_chloride(ARRIVES)
    for frame in frames[53:]:
        frame.positions[1] = [5.0, 0, 0]
    (change,) = records(run(tmp_path, trajectory(frames, cobalt()), cutoff=3.0), "coordination-changes")
    assert change["before"] == change["after"] == "CoCl3"
    assert (change["came"], change["went"]) == ("Cl4", "Cl1")


def test_a_quiet_shell_is_not_claimed_to_differ_and_another_is(tmp_path: Path) -> None:
    findings = run(tmp_path, *quiet(4), *quiet(4, by=LABELER))
    assert not records(findings, "coordination-changes")
    (verdict,) = findings.verdicts
    assert not verdict.decided and verdict.claim == "no difference shown between main and the reference around Co"
    findings = run(tmp_path, *arrivals(4), *quiet(4, by=LABELER))
    (verdict,) = findings.verdicts
    assert verdict.decided and verdict.units == 4
    assert verdict.claim.startswith("Co has more neighbors with main than with the reference: 3.4")
    assert records(findings, "coordination-radii")[0]["from"] == "first minimum, reference dynamics"
    (few,) = run(tmp_path, *arrivals(3), *quiet(4, by=LABELER), cutoff=3.0).verdicts
    assert few.claim == "undecided: 3 trajectories"


def test_order_of_atoms_and_wrapping_change_nothing(tmp_path: Path) -> None:
    (one,) = arrivals()
    order = [3, 0, 4, 2, 1]
    first = run(tmp_path, one)
    for frames, start in (
        (scattered(one.frames), one.start),
        (shuffled(one.frames, order), shuffled([one.start], order)[0]),
    ):
        other = run(tmp_path, trajectory(frames, start))
        for name in ("coordination-radii", "coordination-shares", "coordination"):
            for was, now in zip(records(first, name), records(other, name), strict=True):
                assert {k: v for k, v in was.items() if isinstance(v, float)} == pytest.approx(
                    {k: v for k, v in now.items() if isinstance(v, float)}, rel=1e-9
                )
        (was,), (now,) = records(first, "coordination-changes"), records(other, "coordination-changes")
        assert [was[name] for name in ("time", "before", "after")] == [
            now[name] for name in ("time", "before", "after")
        ]


def test_numbers_are_those_of_ase(tmp_path: Path) -> None:
    """Without a margin the number is a plain count."""
    from ase.neighborlist import neighbor_list

    frames = thermal(cobalt(2.6), 40, 1, 0.2)
    (row,) = records(run(tmp_path, trajectory(frames, frames[0]), cutoff=2.5, margin=0), "coordination")
    counts = [len(neighbor_list("i", frame, {("Co", "Cl"): 2.5})) / 2 for frame in frames]
    weights = np.array([0.5] + [1.0] * 38 + [0.5])
    assert row["number"] == pytest.approx(weights @ counts / 39, rel=1e-9)


def test_frames_weigh_by_the_time_that_they_stand_for(tmp_path: Path) -> None:
    frames = with_chloride([4.5, 4.5, 2.25, 2.25])
    one = trajectory(frames, cobalt(), times=[0, 10, 20, 1020])
    (row,) = records(run(tmp_path, one, cutoff=3.0), "coordination")
    assert row["number"] == pytest.approx(3 + 1005 / 1020)


def test_several_kinds_of_neighbors_have_a_row_each(tmp_path: Path) -> None:
    (one,) = arrivals()
    start = cobalt()
    start.symbols[1] = "O"
    frames = [frame.copy() for frame in one.frames]
    for frame in frames:
        frame.symbols[1] = "O"
    findings = run(tmp_path, trajectory(frames, start), neighbors=["Cl", "O"], cutoff=3.0)
    rows = {row["neighbors"]: row["number"] for row in records(findings, "coordination")}
    assert rows == pytest.approx({"Cl": 2.48, "O": 1, "all": 3.48}, abs=0.02)
    (change,) = records(findings, "coordination-changes")
    assert (change["before"], change["after"]) == ("CoCl2O", "CoCl3O")


def test_the_first_minimum_is_between_the_shells() -> None:
    random, frames = np.random.default_rng(0), []
    for _ in range(300):
        frame = cobalt(4.3)
        frame.positions[1:] *= 1 + random.normal(0, 0.04, (4, 1))
        frames.append(frame)
    assert 2.6 < shell_radius(frames, ("Co", "Cl")) < 3.6


def test_too_few_distances_make_no_shell(tmp_path: Path) -> None:
    with pytest.raises(FrameError) as caught:
        run(tmp_path, trajectory(with_chloride([4.5] * 3), cobalt()))
    assert str(caught.value) == (
        "12 distances between Co and Cl are within 6 Å, too few for a first shell. Give the distance: cutoff"
    )


def test_two_images_of_a_neighbor_are_refused(tmp_path: Path) -> None:
    frames = with_chloride([2.25] * 5)
    for frame in frames:
        frame.set_cell([14.0, 14.0, 4.5])
    with pytest.raises(FrameError, match="two images of one atom are neighbors of a center"):
        run(tmp_path, trajectory(frames, cobalt()), cutoff=3.0)


def test_without_the_ion_there_is_nothing_to_say(tmp_path: Path) -> None:
    findings = run(tmp_path, *arrivals(), centers="Ni")
    assert findings.is_empty and findings.notes == ["no trajectory has a frame with both Ni and Cl"]


def test_centers_and_neighbors_must_be_elements() -> None:
    with pytest.raises(OptionsError) as caught:
        CoordinationOptions.checked({"centers": "Cobalt"}, of="analysis 'coordination'")
    assert "centers: 'Cobalt' is no element" in str(caught.value) and "neighbors: missing" in str(caught.value)
