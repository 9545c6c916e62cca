"""Slopes of each material: those of the material alone, in seconds for thousands of them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from sklearn.linear_model import LinearRegression

from whet.bias.jackknife import Jackknife
from whet.bias.material_scales import material_scales
from whet.bias.over_materials import OverMaterials, mean_over, median_interval
from whet.bias.pairs import Comparison, Quantities
from whet.bias.softening_parts import softening_by_name
from whet.bias.standing_out import RATE, StandingOut, bound
from whet.data.labels import Labels

SAME = 1e-6


def many(
    slopes: Sequence[float],
    frames: int | Sequence[int] = 6,
    noise: float = 0.05,
    sampler: str = "rattle",
    seed: int = 0,
    atoms: int = 4,
) -> tuple[Comparison, list[str]]:
    """Materials with a slope each, and the name of each frame's."""
    random = np.random.default_rng(seed)
    numbers = [frames] * len(slopes) if isinstance(frames, int) else frames
    owner = np.repeat(np.arange(len(slopes)), numbers)
    f = random.normal(size=(len(owner) * atoms, 3))
    p = np.repeat(np.asarray(slopes)[owner], atoms)[:, None] * f + noise * random.normal(size=f.shape)
    nothing = np.full((len(owner), 6), np.nan)
    energies = np.zeros(len(owner))
    frame = Atoms("LiCl" * (atoms // 2), positions=random.uniform(0, 6, (atoms, 3)), cell=[6] * 3, pbc=True)
    comparison = Comparison(
        frames=(frame,) * len(owner),
        indices=tuple(range(len(owner))),
        n_atoms=np.full(len(owner), atoms),
        symbols=np.array(frame.get_chemical_symbols() * len(owner)),
        reference=Quantities(energies, f, nothing),
        predicted=Quantities(energies, p, nothing),
        units=np.arange(len(owner)),
        samplers=np.array([sampler] * len(owner)),
    )
    return comparison, [f"m{number:04d}" for number in owner]


@pytest.mark.parametrize("sampler", ["rattle", "self", "unknown"])
def test_each_material_is_as_it_is_alone(sampler: str) -> None:
    comparison, names = many([0.7, 0.9, 1.2], sampler=sampler)
    alone = softening_by_name(comparison, names)
    for one in material_scales(comparison, names):
        slopes, curvature = alone[one.name].slopes, alone[one.name].curvature
        for name in ("scale", "r2", "inverse_slope", "mae", "cmae", "frames", "units", "components"):
            assert getattr(one.slopes, name) == pytest.approx(getattr(slopes, name), rel=SAME), name
        assert (one.curvature.slope, one.curvature.sampler) == (curvature.slope, curvature.sampler)
        bounds = one.curvature.ratio or 0.0, *(one.curvature.bounds or ())
        assert bounds == pytest.approx((curvature.ratio or 0.0, *(curvature.bounds or ())), rel=SAME)


def test_slope_and_error_equal_an_independent_computation() -> None:
    comparison, names = many([0.7, 0.9])
    own = np.repeat(np.array(names) == "m0000", 4)
    f, p = comparison.reference.forces[own].ravel(), comparison.predicted.forces[own].ravel()
    found = material_scales(comparison, names)[0]
    s = LinearRegression(fit_intercept=False).fit(f[:, None], p).coef_[0]
    assert found.slopes.scale == pytest.approx(s, rel=SAME)
    # White's errors of a regression through the origin, by matrices.
    meat = f @ np.diag((p - s * f) ** 2) @ f
    assert found.errors[0] == pytest.approx(np.sqrt(meat) / (f @ f), rel=SAME)
    assert found.rmse == pytest.approx(np.sqrt(np.mean((p - f) ** 2)), rel=SAME)
    assert found.relative == pytest.approx(np.sqrt(np.mean((p - f) ** 2) / np.mean(f**2)), rel=SAME)
    frames = np.stack([(p * f).reshape(6, -1).sum(1), (f * f).reshape(6, -1).sum(1)], axis=1)
    jackknife = Jackknife.of(frames, lambda sums: sums[:, 0] / sums[:, 1]).interval(0.95)
    assert found.slopes.scale_interval == pytest.approx(jackknife, rel=SAME)


def test_errors_are_how_far_slopes_scatter() -> None:
    comparison, names = many([0.8] * 2000, noise=0.3)
    found = material_scales(comparison, names)
    for place, slope in ((0, lambda one: one.slopes.scale), (1, lambda one: 1 / one.slopes.inverse_slope)):
        scatter = np.std([slope(one) for one in found])
        errors = [error for one in found if (error := one.errors[place]) is not None]
        assert len(errors) == 2000
        assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(scatter, rel=0.1)


def test_a_perfect_crystal_has_no_slope() -> None:
    crystal, moved = bulk("NaCl", "rocksalt", 5.6), bulk("Cu", a=3.6) * 2
    moved.rattle(0.1, seed=1)
    frames, guesses = [], []
    for atoms, size in ((crystal, 1e-4), (moved, 1.0)):
        forces = size * np.random.default_rng(0).normal(size=(len(atoms), 3))
        frames.append(Labels(0.0, forces).attach(atoms))
        guesses.append(Labels(0.0, 0.5 * forces).attach(atoms))
    found = {one.name: one for one in material_scales(Comparison.of(frames, guesses), ["NaCl", "Cu"])}
    assert found["NaCl"].slopes.scale is None and found["NaCl"].errors == (None, None)
    assert found["Cu"].slopes.scale == pytest.approx(0.5)


def test_a_planted_slope_of_each_material_is_recovered() -> None:
    slopes = np.random.default_rng(1).uniform(0.5, 1.1, 60)
    comparison, names = many(slopes.tolist(), frames=8)
    found = material_scales(comparison, names)
    assert [one.curvature.ratio for one in found] == pytest.approx(slopes.tolist(), abs=0.03)
    over = OverMaterials.of(found, by_ratio=True)
    assert over.mean.value == pytest.approx(slopes.mean(), abs=0.005) and over.mean.interval is not None
    assert over.mean.interval[0] < slopes.mean() < over.mean.interval[1]
    assert over.reading == "soft" and over.standing is not None and not over.standing.places


def test_planted_outliers_are_named_the_farthest_first() -> None:
    slopes = np.random.default_rng(1).normal(0.8, 0.03, 60)
    slopes[[7, 30]] = 0.3, 1.2
    slopes[41] = -0.5  # predictions that do not follow the reference at all
    over = OverMaterials.of(material_scales(*many(slopes.tolist())), by_ratio=True)
    assert over.standing is not None
    assert [over.names[place] for place in over.standing.places] == ["m0041", "m0007", "m0030"]


@pytest.mark.parametrize(
    "frames",
    [lambda random: 4, lambda random: random.integers(1, 30, 40).tolist()],
    ids=["equally many frames", "one to thirty frames"],
)
def test_planted_null_names_a_material_in_no_more_than_the_stated_share_of_sets(frames) -> None:
    """All slopes are equal; noise alone, of a size that passes the least difference that matters."""
    random, named, sets = np.random.default_rng(3), 0, 120
    for seed in range(sets):
        found = material_scales(*many([0.8] * 40, frames(random), noise=0.8, seed=seed))
        standing = OverMaterials.of(found, by_ratio=True).standing
        assert standing is not None
        named += bool(standing.places)
    # Of a binomial (120, 0.05) 99 % is at most 12.
    assert named <= 12 and RATE == 0.05


def test_the_rate_holds_for_real_differences_that_are_normal() -> None:
    random, named = np.random.default_rng(5), 0
    for _ in range(400):
        values = random.normal(0.8, 0.1, 30)
        named += bool(StandingOut.of(values, np.full(30, 0.01), np.full(30, 100.0)).places)
    assert 0 < named <= 33  # 99 % of a binomial (400, 0.05)


def test_few_materials_name_none() -> None:
    values = np.array([0.8, 0.8, -3.0])
    assert StandingOut.of(values, np.full(3, 0.01), np.full(3, 100.0)).places == ()
    assert bound(3) == float("inf") and bound(4) > bound(60)


def test_equal_values_scatter_by_nothing() -> None:
    assert StandingOut.of(np.full(9, 0.8), np.zeros(9), np.full(9, 100.0)).places == ()
    values = np.array([0.8] * 8 + [0.4])
    assert StandingOut.of(values, np.zeros(9), np.full(9, 100.0)).places == (8,)


def test_the_interval_of_the_median_covers_it_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    ends = [median_interval(random.exponential(size=25)) for _ in range(1000)]
    covered = sum(one is not None and one[0] <= np.log(2) <= one[1] for one in ends)
    assert 0.94 < covered / 1000 < 0.985
    assert median_interval(np.arange(5.0)) is None


def test_means_of_few_have_no_interval() -> None:
    assert mean_over(np.array([1.0, 2.0, 3.0])).interval is None
    assert mean_over(np.zeros(0)).value is None


def test_thousands_of_materials_with_a_million_components_take_bounded_memory() -> None:
    comparison, names = many(np.random.default_rng(0).normal(0.8, 0.05, 4000).tolist(), frames=3, atoms=28)
    assert comparison.reference.forces.size > 1_000_000
    tracemalloc.start()
    over = OverMaterials.of(material_scales(comparison, names), by_ratio=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(over.values) == 4000
    assert peak < 4e8
