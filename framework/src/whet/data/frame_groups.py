"""frame_groups: which frames of a file belong together, and so are no independent pieces of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from whet.data.errors import FrameError
from whet.data.frame_identity import frame_key
from whet.data.material_names import material_of

if TYPE_CHECKING:
    from ase import Atoms

GROUP_NAMES = ("trajectory", "group", "config_type", "source")
"""Keys of `info` that name a frame's group, the first that it has."""

FRAMES, TRAJECTORIES = "frames", "trajectories"
"""Words for groups that are no keys: each frame stands alone, its copies aside; the frames of a sampled trajectory
belong together."""


def group_of(frame: Atoms) -> str:
    """The group that a frame names; empty where it names none."""
    return next((str(frame.info[name]) for name in GROUP_NAMES if frame.info.get(name) is not None), "")


def frame_groups(frames: Sequence[Atoms], by: str = "") -> tuple[list[str], str]:
    """The group of each frame, and what groups are: `frames`, `groups`, `materials`, or empty where nobody knows.

    by: `frames`, where each stands alone, though copies of one are one piece of evidence; or the key of `info` that
    names groups. Without it frames are asked (`group_of`); where all name the same group, or none, frames of one
    material (`material_of`) belong together, if there are several.
    FrameError where `by` is a key that a frame lacks.
    """
    if by == FRAMES:
        first: dict[str, int] = {}
        return [str(first.setdefault(frame_key(frame), number)) for number, frame in enumerate(frames)], FRAMES
    if by:
        for number, frame in enumerate(frames):
            if frame.info.get(by) is None:
                known = ", ".join(map(repr, frame.info)) or "none"
                what = f"it has no `{by}` that names its group"
                raise FrameError(what, where=f"frame {number}", hint=f"Its keys: {known}")
        return [str(frame.info[by]) for frame in frames], "groups"
    named = [group_of(frame) for frame in frames]
    materials = [material_of(frame) for frame in frames]
    if len(set(named)) == 1 and len(set(materials)) > 1:
        return materials, "materials"
    if any(named):
        return named, "groups"
    return materials, FRAMES if len(frames) == 1 else ""


def units_in_words(number: int, of: str) -> str:
    """`7 trajectories`, `1 trajectory`, `1 frame`. of: what they are, in the plural; empty: `1 unit`."""
    of = of or "units"
    if number == 1:
        of = f"{of[:-3]}y" if of.endswith("ies") else of.removesuffix("s")
    return f"{number} {of}"
