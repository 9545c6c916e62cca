"""Flags of Q-residuals and their null: a held-out trajectory is what it is to a space that was fitted without it."""

from __future__ import annotations

import numpy as np
import pytest

from whet.bias.feature_sums import FeatureSums
from whet.bias.principal_components import PrincipalComponents
from whet.bias.q_flags import QFlags, held_out_flags
from whet.bias.q_limits import QLimits

SYMBOLS = np.array(["H", "O", "H"] * 20)


def trajectories(count: int, seed: int = 0, size: int = 12) -> list[np.ndarray]:
    """Each a level of its own among features of falling width, and less around it."""
    random = np.random.default_rng(seed)
    widths = 0.7 ** np.arange(size)
    return [widths * (random.normal(size=size) + 0.5 * random.normal(size=(60, size))) for _ in range(count)]


def in_frames(features: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(part, SYMBOLS[:30]) for part in np.array_split(features, len(features) // 30)]


def nulls(parts: list[np.ndarray], **rest: int):
    whole = FeatureSums.of(parts)
    return held_out_flags([lambda part=part: in_frames(part) for part in parts], whole, 3, **rest)


def by_hand(one: np.ndarray, others: list[np.ndarray]) -> QFlags:
    space = PrincipalComponents.fit(others, 3)
    return QFlags.of(space, QLimits.fit(space, [pair for part in others for pair in in_frames(part)]), in_frames(one))


@pytest.mark.parametrize("exploded", [1.0, 1e4])
def test_a_held_out_trajectory_is_flagged_by_the_space_and_the_limits_of_the_others(exploded: float) -> None:
    """Also where it holds nearly all that varies, so that what is left would be lost in rounding."""
    parts = trajectories(4)
    parts[2] = exploded * parts[2]
    element, jackson_mudholkar = nulls(parts)
    for number, one in enumerate(parts):
        flags = by_hand(one, [part for place, part in enumerate(parts) if place != number])
        assert element.by_trajectory[number] == flags.shares(flags.element)
        assert jackson_mudholkar.by_trajectory[number] == flags.shares(flags.jackson_mudholkar)


def test_what_samples_the_same_is_flagged_as_often_as_what_is_held_out_and_not_as_in_sample() -> None:
    inside, outside, null = [], [], []
    for seed in range(20):
        *parts, test = trajectories(6, seed)
        space = PrincipalComponents.fit(parts, 3)
        limits = QLimits.fit(space, [pair for part in parts for pair in in_frames(part)])
        flags = [QFlags.of(space, limits, in_frames(one)) for one in (np.concatenate(parts), test)]
        inside.append(flags[0].share(flags[0].element))
        outside.append(flags[1].share(flags[1].element))
        null += nulls(parts)[0].weighted(flags[1].environments)
    assert np.mean(inside) < 0.08
    assert np.mean(outside) > 2 * np.mean(inside), "another trajectory looks strange by the limits alone"
    # Held out, the others are fewer by one; and 20 test trajectories of their own levels have a mean of ± 0.05.
    assert np.mean(null) == pytest.approx(np.mean(outside), abs=0.12)


def test_counts_are_by_element() -> None:
    flags = QFlags({"H": 40, "O": 20}, {"H": 4, "O": 10}, {"H": 0, "O": 1})
    assert flags.shares(flags.element) == {"H": 0.1, "O": 0.5}
    assert flags.share(flags.element) == pytest.approx(14 / 60)
    assert flags.share(flags.jackson_mudholkar) == pytest.approx(1 / 60)


def test_no_more_are_held_out_than_asked_for_and_nothing_of_one() -> None:
    parts = trajectories(7)
    assert len(nulls(parts, most=3)[0].by_trajectory) == 3
    every = nulls(parts)[0].by_trajectory
    assert nulls(parts, most=3)[0].by_trajectory == [every[0], every[3], every[6]]
    assert nulls(parts[:1])[0].by_trajectory == []
