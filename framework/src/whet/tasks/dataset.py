"""dataset: labeled frames of several steps, put together, cut to size and split into training and validation."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from whet.contracts.options import Options
from whet.contracts.ports import LabeledFrames, Port
from whet.contracts.task import Outcome, Task, Work
from whet.data.errors import InputError
from whet.data.frame_identity import frame_key
from whet.data.frame_log import write_frames
from whet.data.frame_split import named_groups, split_by_group
from whet.data.frames import FrameSet


class DatasetSettings(Options):
    """Settings of a step `dataset`."""

    seed: int
    """Of the draw and of the split."""
    valid_fraction: float = Field(ge=0, lt=1)
    """Share of the frames that is kept for validation."""
    trajectories: list[int] | None = None
    """Which trajectory each step that feeds it is of: validation gets whole ones. Otherwise single frames."""
    groups: str | None = None
    """Key of the frames' info that names their group; empty: the first that they have of `data.frame_groups`. Where
    there are three groups at least, validation gets whole ones. Otherwise single frames."""
    frames: int | None = None
    """A random subset of this size: the subsets of one seed are nested."""


class GatherDataset(Task):
    """Puts labeled frames together to train on."""

    name = "dataset"
    result_version = 2
    Options = DatasetSettings
    inputs: ClassVar = {
        "labeled": Port(LabeledFrames, what="labeled frames, one step a trajectory"),
        "match": Port(LabeledFrames, what="labeled frames whose number is the size to cut to, from the front"),
    }

    def run(self, work: Work) -> Outcome:
        """Takes each frame once; leaves `train` and `valid`. InputError where one structure has two labels."""

        from whet.labels.doubles import doubles

        parts = [one.frames for one in work.all("labeled", LabeledFrames)]
        labeled = sum(parts, FrameSet(()))
        if conflicts := doubles(labeled).conflicts:
            first, second, apart = conflicts[0]
            what = f"frames {first} and {second} of the training data are one structure with two labels, {apart} apart"
            raise InputError(what, hint="Remove the wrong one: `whet check` names both, with their files")
        pool = labeled.unique()
        if not pool:
            raise InputError("no labeled frame to train on: every label of this round failed")
        chosen = self._cut(pool, work)
        numbered = zip(self.options.trajectories or (), parts, strict=False)
        origin = {frame_key(frame): number for number, part in numbered for frame in part}
        several = len({origin.get(frame_key(frame)) for frame in chosen}) > 1
        groups = [] if several or self.options.groups is None else named_groups(chosen, self.options.groups)
        fraction = self.options.valid_fraction
        if groups:
            train, valid = split_by_group(chosen, groups, fraction, self.options.seed)
        else:
            train, valid = chosen.split(
                [1 - fraction, fraction],
                seed=self.options.seed,
                group_by=(lambda frame: origin[frame_key(frame)]) if several else None,
            )
        paths = {"train": work.folder / "train.frames", "valid": work.folder / "valid.frames"}
        write_frames(paths["train"], train)
        write_frames(paths["valid"], valid)
        values = {"pool": len(pool), "train": len(train), "valid": len(valid)}
        # What older stores have of single frames says no more, and is to be the same when it is made anew.
        values |= {"whole_trajectories": True} if several else {}
        values |= {"whole_groups": len(set(groups))} if groups else {}
        return Outcome(values, paths)

    def _cut(self, pool: FrameSet, work: Work) -> FrameSet:
        import numpy as np

        if work.has("match"):
            matched = sum((one.frames for one in work.all("match", LabeledFrames)), FrameSet(()))
            return pool[: len(matched.unique())]
        if (wanted := self.options.frames) is None:
            return pool
        if wanted > len(pool):
            raise InputError(f"{wanted} frames were asked for, there are {len(pool)}")
        return pool.take(np.random.default_rng(self.options.seed).permutation(len(pool))[:wanted])
