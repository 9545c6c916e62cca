"""bootstrap: the training frames that one member of a committee sees, drawn with replacement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from whet.contracts.options import Options
from whet.contracts.ports import Dataset, LabeledFrames, Port
from whet.contracts.task import Outcome, Task, Work
from whet.data.frame_groups import FRAMES, group_of
from whet.data.frame_identity import frame_key
from whet.data.frame_log import write_frames

if TYPE_CHECKING:
    from ase import Atoms

FEWEST_UNITS = 4
"""Fewer trajectories or groups than this are not drawn whole: too many samples would be one of them alone."""


class BootstrapSettings(Options):
    """Settings of a step `bootstrap`."""

    seed: int
    """Of the draw."""
    trajectories: list[int] | None = None
    """Which trajectory each step `labeled` is of, where that is known."""
    groups: str = ""
    """Of frames of a file: the key of their info that names their group, or `frames` where each stands alone; empty:
    the first that they have of `data.frame_groups`."""


class Bootstrap(Task):
    """Draws as many units from the training frames as there are, with replacement; validation frames stay as they are.

    A unit is a trajectory, or a group that the frames of a file name (`data.frame_groups`), where there are four at
    least; else a frame. What is drawn twice is there twice and weighs twice: that is the bootstrap (Efron, Ann. Stat.
    7, 1 (1979)), and to a backend these are two frames with one label, as any two. Dropping repeats would shrink each
    member's data to 63 %, and members would disagree because they know less.
    """

    name = "bootstrap"
    Options = BootstrapSettings
    inputs: ClassVar = {
        "data": Port(Dataset, many=False, what="the frames that are drawn from"),
        "labeled": Port(LabeledFrames, what="what they were gathered from, one step a trajectory"),
    }

    def run(self, work: Work) -> Outcome:
        """Leaves `train` and `valid`. Values: pool, train, valid, distinct (frames), drawn (units), by."""
        import numpy as np

        data = work.one("data", Dataset)
        names, by = self._units(data.train, work)
        units: dict[str, list[int]] = {}
        for index, name in enumerate(names):
            units.setdefault(name, []).append(index)
        members = list(units.values())
        drawn = np.random.default_rng(self.options.seed).integers(len(members), size=len(members))
        chosen = sorted(index for place in drawn for index in members[place])
        paths = {"train": work.folder / "train.frames", "valid": work.folder / "valid.frames"}
        write_frames(paths["train"], data.train.take(chosen))
        write_frames(paths["valid"], data.valid)
        values = {"pool": data.pool, "train": len(chosen), "valid": len(data.valid)}
        return Outcome({**values, "distinct": len(set(chosen)), "drawn": len(members), "by": by}, paths)

    def _units(self, frames: Sequence[Atoms], work: Work) -> tuple[list[str], str]:
        """The unit of each frame, and what units are."""
        key = self.options.groups
        names, by = [str(frame.info.get(key, "")) if key else group_of(frame) for frame in frames], "groups"
        if self.options.trajectories is not None:
            parts = [one.frames for one in work.all("labeled", LabeledFrames)]
            numbered = zip(self.options.trajectories, parts, strict=True)
            origin = {frame_key(frame): str(number) for number, part in numbered for frame in part}
            names, by = [origin[frame_key(frame)] for frame in frames], "trajectories"
        if len(set(names) - {""}) < FEWEST_UNITS:
            return [str(number) for number in range(len(frames))], FRAMES
        return [name or f" {number}" for number, name in enumerate(names)], by  # one that names none is alone
