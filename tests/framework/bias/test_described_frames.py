"""Frames are described as often as there is no room for their features, and nothing is written."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from analysis_inputs import frames_of
from whet.bias.described_frames import DescribedFrames, FeatureRoom
from whet.bias.training_space import TrainingSpace
from whet.contracts.descriptor import Descriptor
from whet.data.errors import InputError
from whet.testing.sample_steps import SampleDescriptor

SAMPLE = SampleDescriptor(SampleDescriptor.Options())
BYTES = 3 * 10 * 8
"""Of the features of one molecule."""


class Counting(Descriptor):
    """Counts the frames that it described."""

    name = "counting"
    described = 0

    def describe(self, frames: Sequence[Atoms], elements: Sequence[str]) -> Iterator[np.ndarray]:
        for features in SAMPLE.describe(frames, elements):
            self.described += 1
            yield features


def described(room: int, frames: int = 5) -> tuple[DescribedFrames, Any]:
    descriptor = Counting(Counting.Options())
    return DescribedFrames.of(descriptor, frames_of(frames), ["H", "O"], FeatureRoom(room)), descriptor


@pytest.mark.parametrize(("kept", "frames"), [(0, 15), (2, 5 + 3 + 3), (5, 5), (9, 5)])
def test_what_there_is_room_for_is_described_once(kept: int, frames: int) -> None:
    one, descriptor = described(kept * BYTES)
    wanted = list(SAMPLE.describe(list(one.frames), ["H", "O"]))
    for _ in range(3):
        assert all(np.array_equal(a, b) for a, b in zip(one.chunks(), wanted, strict=True))
    assert descriptor.described == frames
    assert [symbols.tolist() for _, symbols in one.by_frame()] == [["O", "H", "H"]] * 5
    assert one.frame_of.tolist() == sorted([0, 1, 2, 3, 4] * 3)


def test_sets_share_the_room() -> None:
    room = FeatureRoom(3 * BYTES)
    sets = [DescribedFrames.of(Counting(Counting.Options()), frames_of(2), ["H", "O"], room) for _ in range(2)]
    for one in sets * 2:
        list(one.chunks())
    assert [one.descriptor.described for one in sets] == [2, 3]  # pyright: ignore[reportAttributeAccessIssue]
    assert room.left == 0


def test_a_pass_that_ends_early_loses_nothing() -> None:
    one, _ = described(3 * BYTES)
    wanted = list(SAMPLE.describe(list(one.frames), ["H", "O"]))
    next(one.chunks())
    at_once = zip(one.chunks(), one.chunks(), wanted, strict=True)
    assert all(np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in at_once)


class Wide(Descriptor):
    """400 features an atom."""

    name = "wide"

    def describe(self, frames: Sequence[Atoms], elements: Sequence[str]) -> Iterator[np.ndarray]:
        for frame in frames:
            yield np.sin(frame.positions @ np.arange(1200.0).reshape(3, 400))


def test_memory_does_not_grow_with_the_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,500 frames have 58 MB of features; nothing of them is kept, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    peaks = []
    for count in (300, 1500):
        frames = [Atoms("H12", np.random.default_rng(number).normal(size=(12, 3))) for number in range(count)]
        one = DescribedFrames.of(Wide(Wide.Options()), frames, ["H"], FeatureRoom(10**6))
        tracemalloc.start()
        space = TrainingSpace.fit([one.by_frame])
        scores = space.scores(one.by_frame())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(scores.q) == 12 * count
    assert peaks[1] < peaks[0] + 6e6 and peaks[1] < 25e6
    assert list(tmp_path.iterdir()) == []


def test_no_frame_is_an_error() -> None:
    with pytest.raises(InputError, match="there is no frame to describe"):
        DescribedFrames.of(SAMPLE, [], ["H"], FeatureRoom())
