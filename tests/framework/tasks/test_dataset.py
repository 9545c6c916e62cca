"""Frames of one group of a file stay together in the split; files that name none are split as they always were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from whet import FrameSet, Labels
from whet.contracts.ports import LabeledFrames
from whet.contracts.ref import Ref
from whet.data.frame_log import read_frames
from whet.tasks.dataset import GatherDataset
from whet.testing.given_work import GivenWork


def frames(*groups: tuple[str, int], key: str = "config_type") -> FrameSet:
    """So many frames of each group, which some of them do not name."""
    found, random = [], np.random.default_rng(0)
    for name, count in groups:
        for _ in range(count):
            atoms = Labels(0.0, np.zeros((2, 3))).attach(Atoms("Ar2", random.normal(size=(2, 3))))
            if name:
                atoms.info[key] = name
            found.append(atoms)
    return FrameSet(found)


def split(folder: Path, labeled: FrameSet, key: str = "config_type", **options: object) -> tuple[list[str], list[str]]:
    """The groups of the frames to train and to validate on."""
    task = GatherDataset(GatherDataset.Options.checked({"seed": 1, "valid_fraction": 0.2, **options}, of="it"))
    outcome = task.run(GivenWork(folder, {"labeled": [LabeledFrames(Ref(), labeled)]}, {}))
    train, valid = (read_frames(outcome.files[part]) for part in ("train", "valid"))
    return [f.info.get(key, "") for f in train], [f.info.get(key, "") for f in valid]


FIVE = frames(*((name, 10) for name in "abcde"))


@pytest.mark.parametrize("seed", range(5))
def test_groups_stay_together(tmp_path: Path, seed: int) -> None:
    train, valid = split(tmp_path, FIVE, groups="", seed=seed)
    assert not set(train) & set(valid)
    assert (len(train), len(valid)) == (40, 10)


def test_the_key_may_be_named(tmp_path: Path) -> None:
    train, valid = split(tmp_path, frames(*((n, 10) for n in "abcde"), key="run"), key="run", groups="run")
    assert not set(train) & set(valid)


def test_seeds_hold_back_different_groups(tmp_path: Path) -> None:
    assert len({split(tmp_path, FIVE, groups="", seed=seed)[1][0] for seed in range(10)}) > 2


@pytest.mark.parametrize("seed", range(5))
def test_one_large_group_is_not_held_back(tmp_path: Path, seed: int) -> None:
    train, valid = split(tmp_path, frames(("bulk", 80), ("a", 8), ("b", 6), ("c", 6)), groups="", seed=seed)
    assert "bulk" in train and 6 <= len(valid) <= 30 and not set(train) & set(valid)


def test_where_all_groups_are_large_the_smallest_is_held_back(tmp_path: Path) -> None:
    assert set(split(tmp_path, frames(("a", 40), ("b", 35), ("c", 38)), groups="")[1]) == {"b"}


def test_frames_without_a_group_stand_alone(tmp_path: Path) -> None:
    train, valid = split(tmp_path, frames(("", 50), ("a", 3), ("b", 3), ("c", 3)), groups="")
    assert "" in train and "" in valid
    assert not (set(train) & set(valid)) - {""}


@pytest.mark.parametrize("labeled", [frames(("", 20)), frames(("a", 10), ("b", 10))], ids=["none", "two"])
def test_fewer_than_three_groups_are_split_by_frames_as_ever(tmp_path: Path, labeled: FrameSet) -> None:
    by_frame = split(tmp_path, labeled)
    assert split(tmp_path, labeled, groups="") == by_frame
    assert len(by_frame[1]) == 4


def test_without_a_share_to_validate_on_all_are_trained_on(tmp_path: Path) -> None:
    assert split(tmp_path, FIVE, groups="", valid_fraction=0.0)[1] == []
