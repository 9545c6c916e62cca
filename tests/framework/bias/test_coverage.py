"""Principal components against scikit-learn, and unique shares of constructed clouds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from whet.bias.coverage import NeighborDistances, UniqueShare
from whet.bias.feature_sums import FeatureSums
from whet.bias.held_out import HeldOut
from whet.bias.principal_components import PrincipalComponents
from whet.data.errors import InputError


def cloud(count=400, size=12, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, size)) @ rng.normal(size=(size, size)) + 100 * rng.normal(size=size)


def test_components_are_scikit_learns():
    features = cloud()
    ours = PrincipalComponents.fit(iter(np.array_split(features, 7)))
    theirs = PCA(5).fit(features)
    assert ours.mean == pytest.approx(theirs.mean_) and ours.variances == pytest.approx(theirs.explained_variance_)
    assert ours.explained == pytest.approx(theirs.explained_variance_ratio_)
    signs = np.sign((ours.axes * theirs.components_).sum(axis=1))
    assert ours.axes == pytest.approx(signs[:, None] * theirs.components_, abs=1e-9)
    assert ours.project(features) == pytest.approx(signs * theirs.transform(features), abs=1e-8)
    left = PCA().fit(features).explained_variance_[5:]
    assert ours.residual_sums == pytest.approx([np.sum(left**power) for power in (1, 2, 3)])
    back = theirs.inverse_transform(theirs.transform(features))
    assert ours.q_residuals(features) == pytest.approx(((features - back) ** 2).sum(axis=1))


def test_components_of_many_features_are_scikit_learns(monkeypatch):
    """Where only the largest variances are looked for, and chunks are larger and smaller than what is added at once."""
    monkeypatch.setattr("whet.bias.feature_sums.AT_ONCE", 300)
    features = cloud(1000, 600) * 0.98 ** np.arange(600)
    ours = PrincipalComponents.fit(np.split(features, [0, 10, 10, 700]))
    theirs = PCA(svd_solver="full").fit(features)
    assert ours.variances == pytest.approx(theirs.explained_variance_[:5], rel=1e-10)
    assert np.abs(np.diag(ours.axes @ np.asarray(theirs.components_)[:5].T)) == pytest.approx(1, rel=1e-10)
    left = theirs.explained_variance_[5:]
    assert ours.residual_sums == pytest.approx([np.sum(left**power) for power in (1, 2, 3)], rel=1e-9)
    assert PrincipalComponents.fit([np.ones((9, 600))]).residual_sums == (0.0, 0.0, 0.0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 99), max_size=6))
def test_how_features_are_chunked_does_not_matter(cuts):
    features = cloud(100, 6)
    whole = PrincipalComponents.fit([features], 3)
    parts = PrincipalComponents.fit(np.split(features, sorted(cuts)), 3)
    assert parts.axes == pytest.approx(whole.axes, abs=1e-8) and parts.variances == pytest.approx(whole.variances)


def test_nothing_varies():
    still = PrincipalComponents.fit([np.ones((5, 4))], 2)
    assert still.explained == (0.0, 0.0) and still.residual_sums == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([], "0 environments are too few"),
        ([np.ones((1, 9))], "1 environments are too few"),
        ([np.ones((3, 4))], "5 components cannot be had from 4 features"),
        ([np.ones((3, 9)), np.ones((3, 8))], r"shape \(3, 8\), not \(n, 9\)"),
        ([np.full((3, 9), np.nan)], "not finite"),
    ],
)
def test_features_that_cannot_be_used(chunks, message):
    with pytest.raises(InputError, match=message):
        PrincipalComponents.fit(chunks)


def test_a_part_is_taken_away_as_if_it_had_never_been_summed():
    features = cloud(300, 8) * np.logspace(0, -3, 8)
    part, rest = features[:120] + 5, features[120:]
    whole = FeatureSums.of([part[:50], rest, part[50:]])
    left, anew = whole.without(FeatureSums.of([part])), FeatureSums.of([rest])
    assert left.count == 180 and left.mean == pytest.approx(anew.mean)
    assert left.scatter == pytest.approx(anew.scatter, rel=1e-6, abs=1e-9 * anew.trace)
    with pytest.raises(InputError, match="300 of 300 environments cannot be taken away"):
        whole.without(whole)


def unique_share(a, symbols_a, b, symbols_b) -> UniqueShare:
    return NeighborDistances.of([a, b], [symbols_a, symbols_b]).unique([0], [1])


def test_clouds_of_the_same_source_share_all_but_chance():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 4000, 5))
    found = unique_share(a, ["O"] * 4000, b, ["O"] * 4000)
    # Over seeds the share is 0.05 with a standard deviation of 0.006: the threshold is estimated, too.
    assert found.share == pytest.approx(0.05, abs=0.02)
    # Held out, parts of independent environments say the same.
    parts = np.array_split(b, 5)
    distances = NeighborDistances.of([a, *parts], [["O"] * 4000, *[["O"] * 800] * 5])
    null = HeldOut.of_regions(distances, [[part] for part in range(1, 6)]).weighted({"O": 4000})
    assert len(null) == 5 and np.mean(null) == pytest.approx(0.05, abs=0.02)


def test_a_cloud_of_its_own_is_unique_one_way():
    rng = np.random.default_rng(1)
    inner = rng.normal(size=(1000, 5))
    wide = np.concatenate([inner + rng.normal(scale=1e-3, size=inner.shape), rng.normal(size=(1000, 5)) + 50])
    found = unique_share(wide, ["H"] * 2000, inner, ["H"] * 1000)
    assert found.share == pytest.approx(0.5, abs=0.01) and (found.unique, found.environments) == (1000, 2000)
    back = unique_share(inner, ["H"] * 1000, wide, ["H"] * 2000).share
    assert back is not None and back < 0.1
    assert unique_share(inner, ["H"] * 1000, inner, ["H"] * 1000).share == 0


def test_elements_are_compared_with_their_own():
    rng = np.random.default_rng(2)
    points = rng.normal(size=(300, 5))
    symbols = np.array(["H", "O", "C"] * 100)
    b = points.copy()
    b[symbols == "O"] += 30
    found = unique_share(points, symbols, b[symbols != "C"], symbols[symbols != "C"])
    shares = {symbol: one.share for symbol, one in found.by_element.items()}
    assert shares == {"C": 1.0, "H": 0.0, "O": 1.0} and found.share == pytest.approx(2 / 3)


def test_equivalent_atoms_are_not_unique_by_rounding():
    points = np.repeat(np.random.default_rng(3).normal(size=(4, 5)), 30, axis=0)
    jitter = 1e-13 * np.random.default_rng(4).normal(size=points.shape)
    assert unique_share(points + jitter, ["Cu"] * 120, points, ["Cu"] * 120).share == 0


def test_too_little_to_compare():
    assert unique_share(np.zeros((3, 2)), ["H"] * 3, np.zeros((1, 2)), ["H"]).share is None
    with pytest.raises(InputError, match=r"part 1: projections \(1, 3\) do not fit"):
        unique_share(np.zeros((3, 2)), ["H"] * 3, np.zeros((1, 3)), ["H"])
    alone = unique_share(np.zeros((3, 2)), ["H", "H", "O"], np.zeros((3, 2)), ["H", "H", "O"])
    assert alone.by_element["O"].share is None and alone.share == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_scale_and_origin_of_the_space_do_not_matter(seed, factor, shift):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 60, 3))
    one = unique_share(a, ["H"] * 60, b, ["H"] * 60)
    other = unique_share(factor * (a + shift), ["H"] * 60, factor * (b + shift), ["H"] * 60)
    assert one.unique == other.unique


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 5))
def test_distances_by_part_are_those_of_one_search(seed, cut):
    """However data are cut into parts, the share is that of a nearest neighbor among all of B."""
    rng = np.random.default_rng(seed)
    points, symbols = rng.normal(size=(6, 20, 3)), ["H", "O"] * 10
    distances = NeighborDistances.of(list(points), [symbols] * 6)
    a, b = list(range(cut)), list(range(cut, 6))
    whole = unique_share(np.concatenate(points[a]), symbols * len(a), np.concatenate(points[b]), symbols * len(b))
    assert distances.unique(a, b) == whole
    assert distances.joined([a, b]).unique([0], [1]) == whole
    if len(b) > 2:
        assert distances.joined([a, b[1:]]).unique([0], [1]) == distances.unique(a, b[1:])


def test_a_trajectory_is_held_out_as_a_set_of_its_own():
    rng = np.random.default_rng(5)
    points, symbols = rng.normal(size=(5, 40, 3)) + 3 * rng.normal(size=(5, 1, 3)), ["H", "H", "O", "H"] * 10
    distances = NeighborDistances.of(list(points), [symbols] * 5)
    held_out = HeldOut.of_regions(distances, [[0, 1], [2], [3, 4]])
    expected = [unique_share(points[2], symbols, np.concatenate(points[[0, 1, 3, 4]]), symbols * 4)]
    assert held_out.by_trajectory[1] == {symbol: one.share for symbol, one in expected[0].by_element.items()}
    assert held_out.weighted({"H": 30, "O": 10})[1] == pytest.approx(expected[0].share)
    assert held_out.weighted({"O": 7})[1] == held_out.by_trajectory[1]["O"]
    assert held_out.weighted({"C": 7}) == []
    assert HeldOut.of_regions(distances, [[0, 1]]).by_trajectory == [], "one trajectory has no null"
