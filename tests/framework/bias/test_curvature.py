"""Curvature: planted softness is found, displaced minima and random errors are not called soft, whoever sampled."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from whet.bias.curvature import Curvature, reading_of
from whet.bias.pairs import Comparison
from whet.bias.softening import softening
from whet.bias.softening_parts import softening_by_name
from whet.contracts.ports import Predictions
from whet.contracts.ref import LABELER, RATTLE, Ref
from whet.data.frames import FrameSet
from whet.data.labels import Labels

KT = 0.02585
"""eV, 300 K."""

STIFFNESS, LENGTH = 6.463, 3.0
"""eV/Å² and Å of the bonds below: at 300 K they vibrate by 0.0632 Å, so that minima off by 0.06 Å make 1/b = 1.9."""

TRAJECTORIES, FRAMES, PAIRS = 8, 40, 48
MAIN = Ref("main")


@dataclass(frozen=True)
class Bonds:
    """Harmonic pairs of atoms that move in a plane: U = k/2 Σ (r − r₀)², whatever the orientation.

    In a plane a pair's mean curvature is k(2 − r₀/r), so that minima displaced by d change it by the factor 1 − d/r₀.
    """

    stiffness: float
    length: float

    def energy(self, bond: np.ndarray) -> np.ndarray:
        """(…, 2) vectors from the first atom to the second -> (…,) eV."""
        return self.stiffness / 2 * (np.linalg.norm(bond, axis=-1) - self.length) ** 2

    def forces(self, bond: np.ndarray) -> np.ndarray:
        """On both atoms, (…, 2, 3) eV/Å."""
        r = np.linalg.norm(bond, axis=-1, keepdims=True)
        second = np.concatenate([-self.stiffness * (r - self.length) * bond / r, np.zeros_like(r)], axis=-1)
        return np.stack([-second, second], axis=-2)

    def sampled(self, seed: int) -> np.ndarray:
        """Canonical ensemble by Metropolis: (trajectories, frames, pairs, 2) bonds, each trajectory on its own."""
        random = np.random.default_rng(seed)
        angle = random.uniform(0, 2 * np.pi, (TRAJECTORIES, PAIRS))
        bond = self.length * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        energy, kept = self.energy(bond), []
        for sweep in range(15 * (FRAMES + 10)):
            moved = bond + random.normal(0, 0.12, bond.shape)
            tried = self.energy(moved)
            taken = random.random(tried.shape) < np.exp(np.minimum(0, (energy - tried) / KT))
            bond, energy = np.where(taken[..., None], moved, bond), np.where(taken, tried, energy)
            if sweep % 15 == 14:
                kept.append(bond)
        return np.stack(kept[10:], axis=1)


def predictions(bonds: np.ndarray, reference: Bonds, potential: Bonds, by: Ref | None, seed: int) -> Comparison:
    """As a study has it: labels of both on frames that `by` sampled, a trajectory after the other."""
    random, frames, others, numbers = np.random.default_rng(seed), [], [], []
    for number, trajectory in enumerate(bonds):
        for bond in trajectory:
            first = np.concatenate([random.uniform(0, 5, (PAIRS, 2)), 20.0 * np.arange(PAIRS)[:, None]], axis=1)
            second = first + np.concatenate([bond, np.zeros((PAIRS, 1))], axis=1)
            atoms = Atoms(f"Cu{2 * PAIRS}", np.stack([first, second], axis=1).reshape(-1, 3))
            for kind, found in ((reference, frames), (potential, others)):
                labels = Labels(float(kind.energy(bond).sum()), kind.forces(bond).reshape(-1, 3))
                found.append(labels.attach(atoms))
            numbers.append(number)
    ref = MAIN.on(Ref(set="pairs", set_kind="independent", sampled_by=by, groups="trajectories"))
    given = (FrameSet(frames), FrameSet(others), range(len(frames)), (), numbers)
    return Comparison.of_predictions(Predictions(ref, *given))


CASES = [
    (1.0, 0.06, "reference", 0.98, 1.9, "not soft"),
    (1.0, 0.06, "self", 0.53, 0.98, "not soft"),
    (0.8, 0.03, "reference", 0.79, 0.98, "soft"),
    (0.8, 0.06, "reference", 0.78, 1.5, "soft"),
    (0.8, 0.06, "self", 0.47, 0.78, "soft"),
]


@pytest.mark.parametrize(("stiff", "off", "by", "s", "inverse", "reading"), CASES)
def test_the_sampler_decides_which_slope_is_the_curvature(stiff, off, by, s, inverse, reading):
    reference, potential = Bonds(STIFFNESS, LENGTH), Bonds(stiff * STIFFNESS, LENGTH + off)
    driver, ref = (reference, LABELER) if by == "reference" else (potential, MAIN)
    comparison = predictions(driver.sampled(7), reference, potential, ref, 7)
    found = softening(comparison).curvature
    assert (found.sampler, found.units, found.units_of) == (by, TRAJECTORIES, "trajectories")
    assert found.lower == pytest.approx(s, abs=0.015)
    assert found.upper == pytest.approx(inverse, rel=0.05)
    assert found.reading == reading
    assert found.slope == {"reference": "s", "self": "1/b"}[by]
    assert found.ratio == pytest.approx(stiff * (1 - off / LENGTH), abs=0.015)
    low, high = found.interval or (0, 0)
    assert low <= stiff * (1 - off / LENGTH) <= high
    if reading == "soft":
        assert found.verdict.startswith("soft by 2") and "curvature ratio 0.7" in found.verdict


def test_frames_that_nobody_owns_to_have_sampled_do_not_decide():
    reference, potential = Bonds(STIFFNESS, LENGTH), Bonds(0.8 * STIFFNESS, LENGTH + 0.06)
    found = softening(predictions(reference.sampled(3), reference, potential, None, 3)).curvature
    assert (found.sampler, found.reading, found.ratio, found.interval) == ("unknown", "undecided", None, None)
    low, high = found.bounds or (0, 0)
    assert low == pytest.approx(0.78, abs=0.015) and high == pytest.approx(1.5, abs=0.1)
    assert "these frames do not decide" in found.verdict and "between s = 0.7" in found.verdict
    other = softening(predictions(reference.sampled(3), reference, potential, Ref("main", "few", 1), 3)).curvature
    assert (other.sampler, other.reading) == ("other", "undecided")


def test_mixed_samplers_do_not_decide_and_their_parts_do():
    reference, potential = Bonds(STIFFNESS, LENGTH), Bonds(0.8 * STIFFNESS, LENGTH + 0.06)
    parts = [predictions(kind.sampled(3), reference, potential, None, 3) for kind in (reference, potential)]
    frames = [atoms for part in parts for atoms in part.frames]
    guesses = [
        Labels(0.0, potential_forces).attach(atoms)
        for part in parts
        for atoms, potential_forces in zip(part.frames, np.split(part.predicted.forces, len(part.frames)), strict=True)
    ]
    units = [*parts[0].units, *(parts[1].units + TRAJECTORIES)]
    words = ["reference"] * len(parts[0]) + ["self"] * len(parts[1])
    whole = Comparison.of(frames, guesses, units=units, units_of="trajectories", samplers=words)
    found = softening(whole)
    assert (found.curvature.sampler, found.reading) == ("mixed", "undecided")
    by = softening_by_name(whole, whole.samplers.tolist())
    assert [one.curvature.reading for one in by.values()] == ["soft", "soft"]
    assert [one.curvature.ratio for one in by.values()] == pytest.approx([0.784, 0.784], abs=0.02)


def harmonic(made, stiff: float, off: float, error: float, by: str, seed: int, soft: float = 1.0) -> Curvature:
    """One coordinate after the other, in the exact moments of the ensemble of whom `by` names, by orthogonalization.

    Reference: f = −x. Potential: p = −c (x − d) with the minimum off by d, plus errors independent of x.
    """
    random = np.random.default_rng(seed)
    n = 20 * 8 * 3
    x, noise, where = np.linalg.qr(random.normal(size=(n, 3)))[0].T * np.sqrt(n)
    center, width = (0.0, 1.0) if by == "reference" else (off, stiff**-0.5)
    place = center * where + width * x
    f, p = -place, -stiff * (place - off * where)
    if by == "reference":
        p = p + error * noise
    else:
        f = f + error * noise
    shape = (20, 8, 3)
    comparison = made(list(f.reshape(shape)), list((soft * p).reshape(shape)), samplers=[by] * 20)
    return softening(comparison).curvature


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.4, 2), st.floats(-1, 1), st.floats(0, 0.6), st.sampled_from(["reference", "self"]), st.integers(0, 99)
)
def test_gaussian_theory(made, stiff, off, error, by, seed):
    """Harmonic wells have the ratio of their stiffnesses, wherever their minima are and however wrong forces are."""
    found = harmonic(made, stiff, off, error, by, seed)
    assert found.ratio == pytest.approx(stiff, rel=1e-6)
    half = harmonic(made, stiff, off, error, by, seed, soft=0.5)
    assert half.ratio == pytest.approx(stiff / 2, rel=1e-6)  # a factor on the forces keeps who decides
    low, high = found.bounds or (0, 0)
    assert low - 1e-9 <= stiff <= high + 1e-9


@pytest.mark.parametrize("by", ["reference", "self", "rattle"])
def test_random_errors_of_an_unbiased_potential_are_not_called_soft(made, by):
    """Planted null: 150 sets of eight frames with force errors of 10 to 60 %; one end of a 95 % interval may err."""
    soft = 0
    for seed in range(150):
        random = np.random.default_rng(seed)
        right = random.normal(size=(8, 10, 3))
        wrong = right + random.uniform(0.1, 0.6) * random.normal(size=right.shape)
        pair = (wrong, right) if by == "self" else (right, wrong)
        soft += softening(made(*pair, samplers=[by] * 8)).reading == "soft"
    assert soft <= 0.025 * 150 + 2 * (0.025 * 150) ** 0.5


@pytest.mark.parametrize(
    ("ratio", "interval", "reading"),
    [
        (0.80, (0.77, 0.83), "soft"),
        (0.96, (0.95, 0.97), "not soft"),  # surely below 1, by less than matters
        (0.94, (0.85, 1.03), "undecided"),
        (0.98, (0.88, 1.08), "undecided"),
        (0.98, (0.93, 1.03), "not soft"),
        (1.20, (1.10, 1.30), "stiff"),
        (1.04, (1.01, 1.07), "not soft"),
        (1.20, (0.99, 1.41), "undecided"),
    ],
)
def test_what_matters_decides(ratio, interval, reading):
    assert reading_of(ratio, interval) == reading


@pytest.mark.parametrize(
    ("units", "of", "by", "words"),
    [
        (
            [0, 0, 0, 1, 1, 1, 2, 2],
            "trajectories",
            "reference",
            "undecided: 3 trajectories (curvature ratio 0.70, read from s",
        ),
        ([0] * 8, "trajectories", "self", "undecided: 1 trajectory (curvature ratio 0.70, read from 1/b, as it"),
        ([0] * 8, "", "rattle", "undecided: nobody says which frames belong together (curvature ratio 0.70, read from"),
        (range(8), "frames", "unknown", "undecided: these frames do not decide"),
        (range(8), "frames", "rattle", "soft by 30\N{NO-BREAK SPACE}% (curvature ratio 0.70 [0.70, 0.70], read from s"),
    ],
)
def test_verdicts_name_the_sampler_and_what_is_missing(made, units, of, by, words):
    truth = np.random.default_rng(0).normal(size=(8, 5, 3))
    found = softening(made(truth, 0.7 * truth, units=list(units), units_of=of, samplers=[by] * 8))
    assert found.verdict.startswith(words)


def test_a_single_frame_and_opposite_predictions_decide_nothing(made):
    truth = np.random.default_rng(0).normal(size=(8, 5, 3))
    one = softening(made(truth[:1], 0.7 * truth[:1], samplers=["reference"])).curvature
    assert one.verdict.startswith("undecided: 1 frame (curvature ratio 0.70")
    wrong = softening(made(truth, -truth, samplers=["reference"] * 8)).curvature
    assert (wrong.reading, wrong.ratio, wrong.bounds) == ("undecided", None, None)


def test_relaxed_structures_have_no_slope_whoever_relaxed_them(made):
    """Not even the bounds that other frames of unknown origin have."""
    truth = np.random.default_rng(0).normal(size=(8, 5, 3))
    found = softening(made(truth, 0.7 * truth, samplers=["minimum"] * 8))
    slopes = found.slopes
    assert (slopes.scale, slopes.r2, slopes.inverse_slope, slopes.cmae, found.robust_scale) == (None,) * 5
    assert (found.reading, found.curvature.ratio, found.curvature.bounds) == ("undecided", None, None)
    assert found.verdict == "undecided: relaxed structures have no forces to read a curvature from"
    assert slopes.mae > 0 and slopes.units == 8
    at_rest = softening(made(0 * truth, 0.1 * truth, samplers=["minimum"] * 8))  # of others it would be refused
    assert at_rest.slopes.mae == pytest.approx(0.1 * np.abs(truth).mean())
    for minimum_of in (LABELER, MAIN):
        frames = FrameSet([Labels(0.0, np.ones((2, 3))).attach(Atoms("Cu2", [[0, 0, 0], [0, 0, 2.5]]))])
        ref = MAIN.on(Ref(set="x", set_kind="independent", minimum_of=minimum_of))
        assert Ref.from_json(ref.as_json()) == ref
        assert Comparison.of_predictions(Predictions(ref, frames, frames, [0], (), [0])).sampler == "minimum"


@pytest.mark.parametrize(
    ("by", "info", "state", "sampler"),
    [
        (LABELER, None, MAIN, "reference"),
        (RATTLE, None, MAIN, "rattle"),
        (MAIN, None, MAIN, "self"),
        (MAIN, "reference", MAIN, "self"),  # the study knows better than the file
        (MAIN, None, Ref("main", "few", 1, 1), "other"),
        (Ref("main", "few", 1, 1), None, Ref("main", "few", 1, 1), "self"),
        (Ref("main", "few", 1, 2), None, Ref("main", "few", 1, 1), "other"),
        (None, "reference", MAIN, "reference"),
        (None, "rattle", MAIN, "rattle"),
        (None, "minimum", MAIN, "minimum"),
        (None, "main", MAIN, "self"),
        (None, "main", Ref("main", "few", 1, 1), "other"),
        (None, "chgnet", MAIN, "other"),
        (None, "unknown", MAIN, "unknown"),
        (None, "Reference ", MAIN, "reference"),
        (None, "refrence", MAIN, "unknown"),  # misspelt, it is nobody's dynamics
        (None, "self", MAIN, "unknown"),
        (None, "", MAIN, "unknown"),
        (None, None, MAIN, "unknown"),
    ],
)
def test_samplers(by, info, state, sampler):
    atoms = Atoms("Cu2", [[0, 0, 0], [0, 0, 2.5]])
    if info is not None:
        atoms.info["sampled_by"] = info
    frames = FrameSet([Labels(0.0, np.ones((2, 3))).attach(atoms)])
    ref = state.on(Ref(set="x", set_kind="independent", sampled_by=by))
    comparison = Comparison.of_predictions(Predictions(ref, frames, frames, [0], (), [0]))
    assert comparison.samplers.tolist() == [sampler] and comparison.sampler == sampler


def test_runs_that_remember_where_they_began_decide_nothing():
    """They start at the minimum of a potential whose minima are displaced: forces of the two oppose each other."""
    reference, potential = Bonds(STIFFNESS, LENGTH), Bonds(STIFFNESS, LENGTH + 0.06)
    begun = np.full((TRAJECTORIES, FRAMES, PAIRS, 2), [LENGTH + 0.06, 0.0])
    begun[..., 0] += np.random.default_rng(1).normal(0, 0.02, begun.shape[:-1])
    found = softening(predictions(begun, reference, potential, LABELER, 7)).curvature
    assert found.reading == "soft" and (found.ratio or 1) < 0.3  # what is said where nobody knows
    doubted = found.doubted("frames begin 0 fs after the start")
    assert (doubted.reading, doubted.slope, doubted.ratio, doubted.interval) == ("undecided", "", None, None)
    assert doubted.verdict.startswith("undecided: frames begin 0 fs after the start (s = 0.1")
    assert replace(found, units=3).doubted("frames").verdict.startswith("undecided: 3 trajectories, frames (")
