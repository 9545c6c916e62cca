"""Training data as others are held against it: the null is what a space that was fitted without a trajectory says."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2
from sklearn.decomposition import PCA

from whet.bias.hotelling import hotelling_limit
from whet.bias.principal_components import PrincipalComponents
from whet.bias.q_flags import QFlags
from whet.bias.q_limits import QLimits
from whet.bias.training_space import TrainingSpace
from whet.data.errors import InputError

SYMBOLS = np.array(["H", "O", "H"] * 20)


def trajectories(count: int, seed: int = 0, size: int = 12) -> list[np.ndarray]:
    """Each a level of its own among features of falling width, and less around it."""
    random = np.random.default_rng(seed)
    widths = 0.7 ** np.arange(size)
    return [widths * (random.normal(size=size) + 0.5 * random.normal(size=(60, size))) for _ in range(count)]


def in_frames(features: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(part, SYMBOLS[:30]) for part in np.array_split(features, len(features) // 30)]


def fitted(parts: list[np.ndarray], **rest: Any) -> TrainingSpace:
    return TrainingSpace.fit([partial(in_frames, part) for part in parts], 3, **rest)


def element_shares(flags: QFlags) -> dict[str, float]:
    return flags.shares(flags.element)


@pytest.mark.parametrize("exploded", [1.0, 1e4])
def test_a_held_out_trajectory_is_flagged_by_the_space_and_the_limits_of_the_others(exploded: float) -> None:
    """Also where it holds nearly all that varies, so that what is left would be lost in rounding."""
    parts = trajectories(4)
    parts[2] = exploded * parts[2]
    held_out = fitted(parts).held_out
    for number, one in enumerate(parts):
        others = [part for place, part in enumerate(parts) if place != number]
        space = PrincipalComponents.fit(others, 3)
        limits = QLimits.fit(space, [pair for part in others for pair in in_frames(part)])
        q = space.q_residuals(one)
        assert held_out[number].q == pytest.approx(q)
        assert held_out[number].beyond[0].tolist() == limits.beyond_element(q, SYMBOLS).tolist()
        assert held_out[number].beyond[1].tolist() == limits.beyond_jackson_mudholkar(q).tolist()
        assert held_out[number].over == pytest.approx(q / [limits.by_element[symbol] for symbol in SYMBOLS])


def test_what_samples_the_same_is_flagged_as_often_as_what_is_held_out_and_not_as_in_sample() -> None:
    inside, outside, null = [], [], []
    for seed in range(20):
        *parts, test = trajectories(6, seed)
        space = fitted(parts)
        flags = [space.scores(in_frames(one)).flags for one in (np.concatenate(parts), test)]
        inside.append(flags[0].share(flags[0].element))
        outside.append(flags[1].share(flags[1].element))
        null += space.null(element_shares).weighted(flags[1].environments)
    assert np.mean(inside) < 0.08
    assert np.mean(outside) > 2 * np.mean(inside), "another trajectory looks strange by the limits alone"
    # Held out, the others are fewer by one; and 20 test trajectories of their own levels have a mean of ± 0.05.
    assert np.mean(null) == pytest.approx(np.mean(outside), abs=0.12)


def test_counts_are_by_element() -> None:
    flags = QFlags({"H": 40, "O": 20}, {"H": 4, "O": 10}, {"H": 0, "O": 1}, {"H": 8, "O": 0})
    assert flags.shares(flags.element) == {"H": 0.1, "O": 0.5}
    assert flags.share(flags.element) == pytest.approx(14 / 60)
    assert flags.share(flags.jackson_mudholkar) == pytest.approx(1 / 60)
    assert flags.shares(flags.hotelling) == {"H": 0.2, "O": 0.0}


def test_no_more_are_held_out_than_asked_for_and_nothing_of_one() -> None:
    parts = trajectories(7)
    assert len(fitted(parts, most=3).held_out) == 3
    every = fitted(parts).null(element_shares).by_trajectory
    assert fitted(parts, most=3).null(element_shares).by_trajectory == [every[0], every[3], every[6]]
    assert fitted(parts[:1]).held_out == []


def test_scores_are_those_of_scikit_learn_and_numpy() -> None:
    """Q, T² and projections of frames that the space was not fitted to."""
    *parts, test = trajectories(5, size=40)
    every = np.concatenate(parts)
    theirs = PCA(3, svd_solver="full").fit(every)
    scores = fitted(parts).scores(in_frames(test))
    z = theirs.transform(test)
    assert np.abs(scores.projected) == pytest.approx(np.abs(z), rel=1e-6)
    assert scores.q == pytest.approx(np.square(test - theirs.inverse_transform(z)).sum(axis=1), rel=1e-6)
    covariance = np.cov(theirs.transform(every).T)
    assert scores.t_squared == pytest.approx(np.einsum("ij,jk,ik->i", z, np.linalg.inv(covariance), z), rel=1e-6)
    assert scores.frames == 2 and scores.by_frame(scores.q) == pytest.approx(scores.q.reshape(2, 30).mean(axis=1))
    oxygen = scores.symbols == "O"
    worst = [scores.q[:30][SYMBOLS[:30] == "O"].max(), scores.q[30:][SYMBOLS[:30] == "O"].max()]
    assert scores.worst_of_frames(scores.q, oxygen) == pytest.approx(worst)
    assert scores.by_frame(scores.q, scores.symbols == "C").tolist() == pytest.approx([np.nan, np.nan], nan_ok=True)


def test_t_squared_is_exceeded_as_often_as_announced() -> None:
    random = np.random.default_rng(0)
    for count in (20, 2000):
        shares = []
        for _ in range(200 if count == 20 else 5):
            features = random.normal(size=(count + 200, 6)) * [4, 3, 2, 0.1, 0.1, 0.1] + 7
            space = PrincipalComponents.fit([features[:count]], 3)
            t_squared = space.t_squared(space.project(features[count:]))
            shares.append((t_squared > hotelling_limit(count, 3)).mean())
        # Components that were fitted to few turn towards what varies by chance: a little too few are beyond.
        assert np.mean(shares) == pytest.approx(0.05, abs=0.015)
    assert hotelling_limit(10**7, 3, 0.99) == pytest.approx(chi2.ppf(0.99, 3), rel=1e-5)
    assert hotelling_limit(3, 3) == float("inf")
    with pytest.raises(InputError, match=r"confidence 0 does not lie"):
        hotelling_limit(9, 3, 0)


def test_an_element_that_the_training_data_lack_is_beyond_every_limit_of_its_own() -> None:
    space = fitted(trajectories(3))
    scores = space.scores([(np.zeros((2, 12)), np.array(["H", "Xe"]))])
    assert scores.beyond[0].tolist() == [False, True] and scores.over[1] == np.inf
    empty = space.scores([])
    assert empty.frames == 0 and empty.flags.environments == {}


def test_what_does_not_vary_has_neither_t_squared_nor_q() -> None:
    space = TrainingSpace.fit([lambda: [(np.ones((30, 4)), SYMBOLS[:30])]] * 2, 2)
    scores = space.scores([(np.ones((30, 4)), SYMBOLS[:30])])
    assert not scores.t_squared.any() and not scores.q.any() and not scores.beyond.any()
