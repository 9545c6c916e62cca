"""diffusion: walks whose coefficient is known, wrapped and in cells that move; molecules; what is too short."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from made_trajectories import Made, box, found, own, reference, trajectory
from whet import InputError
from whet_observables.block_diffusion import BlockDiffusion, Scheme, exponent
from whet_observables.diffusion import Diffusion
from whet_observables.molecules import Molecules
from whet_observables.run_means import RunMean
from whet_observables.unwrapping import Unwrapped

SCHEME = Scheme(block=400.0, every=100.0, ballistic=50.0, equilibration=100.0)
SHORT = {"block": 400.0, "every": 100.0, "ballistic": 50.0, "equilibration": 100.0}


def walk(random: np.random.Generator, coefficient: float, walkers: int, frames: int, interval: float) -> np.ndarray:
    """(frames, walkers, 3) Å. coefficient: Å²/fs."""
    steps = random.normal(0, np.sqrt(2 * coefficient * interval), (frames, walkers, 3))
    return np.cumsum(steps, axis=0)


def coefficient_of(places: np.ndarray, interval: float = 10.0) -> float:
    blocks = BlockDiffusion(["A"] * places.shape[1], interval, SCHEME)
    for one in places:
        blocks.add(one)
    of = blocks.of("A")
    assert of is not None
    return of.coefficient


def test_a_known_coefficient_is_recovered_within_its_interval() -> None:
    random, inside, values = np.random.default_rng(2), 0, []
    for _ in range(60):
        mean = RunMean.of([coefficient_of(walk(random, 2e-3, 6, 150, 10.0)) for _ in range(5)])
        assert mean is not None
        low, high = mean.estimate.interval or (0.0, 0.0)
        inside += low <= 2e-3 <= high
        values.append(mean.value)
    assert inside >= 54  # of 60
    assert np.mean(values) == pytest.approx(2e-3, rel=0.03)


def test_a_line_is_fitted_exactly() -> None:
    """MSD = (a + b t)² has a slope by least squares that NumPy finds, too, in every block."""
    times = np.arange(100) * 10.0
    places = np.zeros((100, 1, 3))
    places[:, 0, 0] = 0.01 * times**1.2
    blocks = BlockDiffusion(["A"], 10.0, SCHEME)
    for one in places:
        blocks.add(one)
    of = blocks.of("A")
    assert of is not None
    assert of.apart == 4
    origins = range(10, 100 - 40, 10)
    expected = []
    for origin in origins:
        msd = (places[origin : origin + 41, 0, 0] - places[origin, 0, 0]) ** 2
        expected.append(np.polyfit(times[5:41], msd[5:], 1)[0] / 6)
    np.testing.assert_allclose(of.blocks, expected, rtol=1e-9)
    assert of.block_error == pytest.approx(np.std([expected[0], expected[4]], ddof=1) / np.sqrt(2))


def test_the_common_motion_is_taken_out() -> None:
    random = np.random.default_rng(0)
    places = walk(random, 1e-3, 50, 150, 10.0)
    weights = np.ones(50)
    drifting = places + np.arange(150)[:, None, None] * 0.5
    results = []
    for one in (places, drifting):
        blocks = BlockDiffusion(["A"] * 50, 10.0, SCHEME, weights)
        for frame in one:
            blocks.add(frame)
        of = blocks.of("A")
        assert of is not None
        results.append(of.coefficient)
    assert results[0] == pytest.approx(results[1], rel=1e-9)
    assert coefficient_of(drifting) > 5 * results[0]


def test_vibrations_are_no_diffusion() -> None:
    random = np.random.default_rng(0)
    for places, expected in ((random.normal(0, 0.1, (300, 40, 3)), 0.0), (walk(random, 1e-3, 400, 300, 10.0), 1.0)):
        blocks = BlockDiffusion(["A"] * places.shape[1], 10.0, SCHEME)
        for one in places:
            blocks.add(one)
        of = blocks.of("A")
        assert of is not None
        assert exponent(of) == pytest.approx(expected, abs=0.1)


def test_a_block_of_too_few_frames_is_refused() -> None:
    with pytest.raises(InputError, match="a block of 400 fs has 2 frames to fit, and 3 are needed, 200 fs apart"):
        BlockDiffusion(["A"], 200.0, SCHEME)


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_walk_through_boundaries_is_followed(wrapped: bool) -> None:
    cell = np.array([[8.0, 0.0, 0.0], [2.0, 7.0, 0.0], [-1.0, 3.0, 9.0]])
    places = walk(np.random.default_rng(1), 1e-2, 5, 2000, 10.0) + 3
    assert np.ptp(places, axis=0).min() > 15
    unwrapped = Unwrapped()
    followed = places[0]
    for one in places:
        frame = Atoms("Ar5", one, cell=cell, pbc=True)
        if wrapped:
            frame.wrap()
        followed = unwrapped.add(frame.positions, cell)
    np.testing.assert_allclose(followed - places[-1], (followed - places[-1]).round(6), atol=1e-6)
    start = Atoms("Ar5", places[0], cell=cell, pbc=True)
    if wrapped:
        start.wrap()
    np.testing.assert_allclose(followed - start.positions, places[-1] - places[0], atol=1e-6)
    assert not unwrapped.is_doubtful


def test_a_moving_cell_adds_no_diffusion() -> None:
    """Atoms that rest in a cell that breathes: counting images would move those far away more and more."""
    random = np.random.default_rng(3)
    fractional = random.random((30, 3)) + 40  # far from the origin, as after a long walk
    blocks = BlockDiffusion(["A"] * 30, 10.0, SCHEME)
    naive = BlockDiffusion(["A"] * 30, 10.0, SCHEME)
    unwrapped = Unwrapped()
    for number in range(300):
        side = 10.0 * (1 + 0.002 * random.normal() + 0.002 * np.sin(number / 30))
        cell = np.eye(3) * side
        blocks.add(unwrapped.add(fractional @ cell, cell))
        naive.add(fractional @ cell)
    good, bad = blocks.of("A"), naive.of("A")
    assert good is not None
    assert bad is not None
    assert good.msd.max() < 0.01
    assert bad.msd.max() > 1


def test_steps_of_half_a_cell_are_told() -> None:
    unwrapped = Unwrapped()
    cell = np.eye(3) * 4.0
    unwrapped.add(np.zeros((1, 3)), cell)
    unwrapped.add(np.array([[1.8, 0.0, 0.0]]), cell)
    assert unwrapped.is_doubtful


def test_centers_of_molecules_across_boundaries() -> None:
    water = molecule("H2O")
    water.positions += [0.1, 0.2, 9.9]
    other = molecule("CH4")
    other.positions += [5, 5, 5]
    frame = water + other
    frame.set_cell([10.0] * 3)
    frame.pbc = True
    center = water.get_center_of_mass()
    found_in = Molecules.in_start(frame)
    assert list(found_in.species) == ["H2O", "CH4"]
    wrapped = frame.copy()
    wrapped.wrap()
    assert np.abs(wrapped.positions - frame.positions).max() > 1
    off = found_in.centers(wrapped) - np.array([center, other.get_center_of_mass()])
    np.testing.assert_allclose(off, 10.0 * np.round(off / 10.0), atol=1e-9)


def test_noble_gases_are_not_bonded() -> None:
    close = box("Ar2", np.array([[0, 0, 0], [2.0, 0, 0]], dtype=float), 10.0)
    assert Molecules.in_start(close).are_single_atoms


def test_crystals_and_ions_stand_alone() -> None:
    salt = bulk("LiCl", "rocksalt", a=5.13, cubic=True) * (3, 3, 3)
    alone = Molecules.in_start(salt)
    assert alone.are_single_atoms
    assert alone.names == ["Cl", "Li"]
    assert alone.note == "216 atoms of a bonded network without end stand alone, by element."
    small = Molecules.in_start(bulk("LiCl", "rocksalt", a=5.13))
    assert small.note == "An atom is bonded to two images of another, so each atom stands alone."
    assert not Molecules.in_start(salt, ["Li", "Cl"]).note


def liquid(seed: int, coefficient: float, frames: int = 200) -> Made:
    """Twelve argon and twelve krypton atoms that walk at random and are wrapped; krypton half as fast."""
    random = np.random.default_rng(seed)
    fast, slow = (walk(random, by * coefficient, 12, frames, 10.0) for by in (1.0, 0.5))
    places = np.concatenate([fast, slow], axis=1)
    places += 4 * np.array([[n % 3, n // 3 % 3, n // 9] for n in range(24)]) - places[0]
    return Made(frames, lambda place: box("Ar12Kr12", places[place] % 12.0, 12.0))


def test_a_planted_difference_is_found_and_its_null_is_not(tmp_path: Path) -> None:
    runs = [trajectory(reference(n), liquid(n, 1e-3), 10.0) for n in range(5)]
    slower = [trajectory(own(n), liquid(100 + n, 4e-4), 10.0) for n in range(5)]
    findings = found(Diffusion, tmp_path, *runs, *slower, **SHORT)
    rows = {(row["state"], row["species"]): row for row in findings.table("diffusion").records()}
    assert rows["reference dynamics", "Ar"]["D"] == pytest.approx(100, rel=0.2)
    assert rows["reference dynamics", "Kr"]["D"] == pytest.approx(50, rel=0.2)
    assert rows["main", "Ar"]["difference"] == pytest.approx(-60, rel=0.3)
    assert rows["main", "Ar"]["difference 95 % high"] < 0
    assert rows["main", "Ar"]["exponent"] == pytest.approx(1, abs=0.15)
    assert rows["main", "Ar"]["molecules"] == 12
    assert rows["main", "Ar"]["paper's error"] < rows["main", "Ar"]["standard error"] * 3
    assert [verdict.decided for verdict in findings.verdicts] == [True, True]
    same = found(
        Diffusion, tmp_path, *runs, *[trajectory(own(n), liquid(50 + n, 1e-3), 10.0) for n in range(5)], **SHORT
    )
    assert [verdict.decided for verdict in same.verdicts] == [False, False]
    assert all("not told apart from the reference" in verdict.claim for verdict in same.verdicts)


def test_one_trajectory_has_the_error_of_separate_blocks(tmp_path: Path) -> None:
    findings = found(Diffusion, tmp_path, trajectory(own(0), liquid(0, 1e-3), 10.0), **SHORT)
    row = findings.table("diffusion").records()[0]
    assert row["error over"] == "blocks"
    assert row["standard error"] > row["paper's error"] > 0
    assert row["D 95 % low"] is None


def test_the_papers_error_is_too_small() -> None:
    """Overlapping blocks are alike: their scatter over √n is below the scatter of the mean from run to run."""
    random, papers, means = np.random.default_rng(4), [], []
    for _ in range(40):
        blocks = BlockDiffusion(["A"] * 6, 10.0, Scheme(400.0, 20.0, 50.0, 100.0))
        for one in walk(random, 1e-3, 6, 150, 10.0):
            blocks.add(one)
        of = blocks.of("A")
        assert of is not None
        papers.append(of.blocks.std(ddof=1) / np.sqrt(len(of.blocks)))
        means.append(of.coefficient)
    assert np.mean(papers) < 0.5 * np.std(means)


def test_short_trajectories_say_what_is_needed(tmp_path: Path) -> None:
    findings = found(Diffusion, tmp_path, trajectory(own(0), liquid(0, 1e-3), 10.0))
    assert findings.is_empty
    assert findings.notes[0] == (
        "main: its trajectory is too short, at most 1.99 ps: 100 ps of a block after 100 ps of equilibration are "
        "needed (options `block`, `equilibration`)."
    )


def test_what_does_not_diffuse_decides_nothing(tmp_path: Path) -> None:
    def crystal(seed: int) -> Made:
        random = np.random.default_rng(seed)
        grid = 4.0 * np.array([[n % 3, n // 3 % 3, n // 9] for n in range(24)])
        places = grid + random.normal(0, 0.3, (200, 24, 3))
        return Made(200, lambda place: box("Ar24", places[place], 12.0))

    runs = [trajectory(reference(n), crystal(n), 10.0) for n in range(4)]
    runs += [trajectory(own(n), crystal(50 + n), 10.0) for n in range(4)]
    findings = found(Diffusion, tmp_path, *runs, **SHORT)
    assert findings.verdicts[0].claim == (
        "main: Ar undecided, no diffusion within a block of main and reference dynamics"
    )
    assert any("D is no diffusion coefficient. Longer blocks may show one." in note for note in findings.notes)


def test_frames_that_are_too_far_apart_decide_nothing(tmp_path: Path) -> None:
    def gas(seed: int) -> Made:
        places = np.random.default_rng(seed).uniform(0, 12.0, (200, 24, 3))
        return Made(200, lambda place: box("Ar12Kr12", places[place], 12.0))

    runs = [trajectory(reference(n), liquid(n, 1e-3), 10.0) for n in range(4)]
    findings = found(Diffusion, tmp_path, *runs, *[trajectory(own(n), gas(n), 10.0) for n in range(4)], **SHORT)
    of_argon = next(one for one in findings.verdicts if "Ar" in one.claim)
    assert (of_argon.claim, of_argon.decided) == ("main: Ar undecided, frames are too far apart in main", False)
    assert any("D is not to be trusted" in note for note in findings.notes)
