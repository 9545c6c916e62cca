"""label_users, frames_labeled: which steps used which labels, as the frames that they left say."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.data.errors import WhetError
from whet.data.frame_identity import frame_key
from whet.data.frame_log import FrameLog
from whet.running.step import Step
from whet.running.store import Store

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Use:
    """Of one label by one step. title: the step's."""

    step: str
    title: str
    formula: str


def label_users(store: Store, frames: Collection[str]) -> dict[str, list[Use]]:
    """For each of these frames, by key, the finished steps with a labeler that left it. Damaged steps are left out."""
    found: dict[str, list[Use]] = {}
    for path in sorted((store.root / "steps").glob("*/result.json")):
        try:
            step = store.step(path.parent.name)
            for key, frame in frames_labeled(store, step):
                if key in frames:
                    found.setdefault(key, []).append(Use(step.key, step.title, frame.get_chemical_formula()))
        except WhetError:
            continue
    return found


def frames_labeled(store: Store, step: Step) -> Iterator[tuple[str, Atoms]]:
    """Key and frame of what a finished step with a labeler left; nothing of one without. WhetError where it is damaged.

    Dynamics and relaxations that a labeler drives leave fewer frames than they had labels of.
    """
    if "labeler" not in step.components:
        return
    for ref in store.result(step.key).outputs.values():
        path = store.root / ref.path
        if path.suffix == ".frames":
            for frame in FrameLog(path):
                yield frame_key(frame), frame
