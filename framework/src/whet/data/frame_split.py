"""frame_split: frames to train and to validate on, whole groups where frames say which belong together."""

from __future__ import annotations

from collections.abc import Sequence

from whet.data.frame_groups import FRAMES, group_of
from whet.data.frames import FrameSet

LEAST_GROUPS = 3
"""Named groups without which single frames are split: with two, one of them would be all there is to train on."""


def named_groups(frames: FrameSet, by: str = "") -> list[str]:
    """The group of each frame, one that names none being alone; nothing where too few are named.

    by: key of the frames' info that names it; empty: the first that they have of `frame_groups.GROUP_NAMES`.
    """
    if by == FRAMES:
        return []
    named = [str(frame.info.get(by, "")) if by else group_of(frame) for frame in frames]
    if len(set(named) - {""}) < LEAST_GROUPS:
        return []
    return [name or f" {number}" for number, name in enumerate(named)]


def split_by_group(frames: FrameSet, groups: Sequence[str], fraction: float, seed: int) -> tuple[FrameSet, FrameSet]:
    """Frames to train and to validate on: random whole groups until there are `fraction` of the frames.

    A group with which there were half as many again is passed over; where all are so large it is the smallest.
    """
    import numpy as np

    members: dict[str, list[int]] = {}
    for index, name in enumerate(groups):
        members.setdefault(name, []).append(index)
    names, wanted = list(members), fraction * len(frames)
    held: set[int] = set()
    for place in np.random.default_rng(seed).permutation(len(names)):
        if len(held) < wanted and len(held) + len(members[names[place]]) <= 1.5 * wanted:
            held.update(members[names[place]])
    if not held and fraction > 0:
        held.update(min(members.values(), key=len))
    return frames.take(i for i in range(len(frames)) if i not in held), frames.take(sorted(held))


def split_frames(frames: FrameSet, fraction: float, seed: int, by: str = "") -> tuple[FrameSet, FrameSet, int]:
    """Frames to train on, frames to validate on, and how many whole groups were dealt out; 0: single frames were."""
    if groups := named_groups(frames, by):
        train, valid = split_by_group(frames, groups, fraction, seed)
        return train, valid, len(set(groups))
    train, valid = frames.split([1 - fraction, fraction], seed=seed)
    return train, valid, 0
