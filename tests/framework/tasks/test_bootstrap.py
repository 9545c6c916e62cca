"""bootstrap: whole trajectories where there are enough, frames otherwise; what is drawn twice is there twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from whet import Labels
from whet.contracts.ports import Dataset, LabeledFrames
from whet.contracts.ref import Ref
from whet.data.frame_log import read_frames
from whet.data.frames import FrameSet
from whet.tasks.bootstrap import Bootstrap, BootstrapSettings
from whet.testing.given_work import GivenWork


def trajectory(number: int, length: int, group: str = "") -> FrameSet:
    frames = [Atoms("Ar2", [[0, 0, 0], [0, 0, 3 + number + 0.01 * place]]) for place in range(length)]
    for frame in frames:
        frame.info["of"] = number
        if group:
            frame.info["config_type"] = group
    return FrameSet([Labels(-1.0, np.zeros((2, 3))).attach(frame) for frame in frames])


def drawn(
    folder: Path, parts: Sequence[FrameSet], numbers: Sequence[int] | None, seed: int = 1, groups: str = ""
) -> tuple[FrameSet, FrameSet, dict[str, Any]]:
    """What is drawn from all parts but the last one, which is for validation."""
    train, valid = (sum(some, FrameSet(())) for some in (parts[:-1], parts[-1:]))
    data = Dataset(Ref(), train, valid, len(train) + len(valid))
    labeled = [LabeledFrames(Ref(), part) for part in parts]
    task = Bootstrap(
        BootstrapSettings(seed=seed, trajectories=None if numbers is None else list(numbers), groups=groups)
    )
    outcome = task.run(GivenWork(folder, {"data": [data], "labeled": labeled}))
    made = [FrameSet(read_frames(outcome.files[role])) for role in ("train", "valid")]
    return made[0], made[1], dict(outcome.values)


def test_trajectories_are_drawn_whole(tmp_path: Path) -> None:
    lengths = [2, 3, 4, 5, 6, 2]
    parts = [trajectory(number, length) for number, length in enumerate(lengths)]
    samples = []
    for seed in range(200):
        train, valid, values = drawn(tmp_path, parts, range(6), seed)
        assert values["by"] == "trajectories" and values["drawn"] == 5 and values["train"] == len(train)
        counts = Counter(frame.info["of"] for frame in train)
        assert all(count % lengths[number] == 0 for number, count in counts.items())
        times = {number: count // lengths[number] for number, count in counts.items()}
        assert sum(times.values()) == 5 and set(times) <= {0, 1, 2, 3, 4}
        assert values["distinct"] == sum(lengths[number] for number in times)
        assert [frame.info["of"] for frame in valid] == [5, 5]
        samples.append(len(times) / 5)
    # The share of distinct units in a bootstrap sample of n: 1 − (1 − 1/n)^n, here 0.672; its standard error 0.01.
    assert np.mean(samples) == pytest.approx(1 - (1 - 1 / 5) ** 5, abs=0.04)


def test_repeats_are_there_with_the_same_label(tmp_path: Path) -> None:
    train, _, values = drawn(tmp_path, [trajectory(number, 1) for number in range(9)], range(9))
    assert len(train) == 8 and values["distinct"] < 8
    (frame, *_) = (frame for frame in train if sum(frame == other for other in train) > 1)
    twins = [Labels.of(other).energy for other in train if other == frame]
    assert len(twins) > 1 and len(set(twins)) == 1


@pytest.mark.parametrize("few", [1, 2, 3])
def test_of_few_trajectories_frames_are_drawn(tmp_path: Path, few: int) -> None:
    parts = [trajectory(number, 6) for number in range(few + 1)]
    train, _, values = drawn(tmp_path, parts, range(few + 1))
    assert values["by"] == "frames" and values["drawn"] == len(train) == 6 * few


def test_groups_of_a_file_are_drawn_whole(tmp_path: Path) -> None:
    parts = [trajectory(number, 3, group=f"liquid {number}") for number in range(5)]
    train, _, values = drawn(tmp_path, parts, None)
    assert values["by"] == "groups" and values["drawn"] == 4
    assert all(count % 3 == 0 for count in Counter(frame.info["config_type"] for frame in train).values())
    _, _, values = drawn(tmp_path, parts, None, groups="of")
    assert values["by"] == "groups" and values["drawn"] == 4
    _, _, values = drawn(tmp_path, parts, None, groups="frames")
    assert values["by"] == "frames" and values["drawn"] == 12
    _, _, values = drawn(tmp_path, [*parts[:4], trajectory(7, 2), parts[4]], None)
    assert values["by"] == "groups" and values["drawn"] == 4 + 2  # those that name no group stand alone
    _, _, values = drawn(tmp_path, [trajectory(number, 3) for number in range(5)], None)
    assert values["by"] == "frames"


def test_the_seed_decides(tmp_path: Path) -> None:
    parts = [trajectory(number, 2) for number in range(7)]
    samples = [[frame.positions[1, 2] for frame in drawn(tmp_path, parts, range(7), seed)[0]] for seed in (1, 1, 2)]
    assert samples[0] == samples[1] != samples[2]
