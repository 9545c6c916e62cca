"""label: each frame's label, from the label store or from the labeler; kept the moment it arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from whet.contracts.component import Component
from whet.contracts.energy_span import energy_doubts
from whet.contracts.ports import Frames, Port
from whet.contracts.task import Outcome, Task, Work, total
from whet.data.frame_log import write_frames
from whet.data.frames import FrameSet
from whet.data.labels import Failure


class LabelFrames(Task):
    """Gets labels of the reference for frames."""

    name = "label"
    result_version = 2
    inputs: ClassVar = {"frames": Port(Frames, what="frames to label")}
    components: ClassVar = {"labeler": "labelers"}

    @classmethod
    def labels_wanted(cls, work: Work) -> FrameSet:
        """All of them."""
        return sum((one.frames for one in work.all("frames", Frames)), FrameSet(()))

    @classmethod
    def most_frames(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """Those that feed it."""
        return total(fed.get("frames", ()))

    @classmethod
    def most_labels(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """One for each frame."""
        return total(fed.get("frames", ()))

    def run(self, work: Work) -> Outcome:
        """Leaves `frames` (those with labels). A frame that fails is listed, the others go on.

        Values: labeled, failures (index, reason, log), kept (indices of the labeled), and findings where a teacher's
        reference energies do not determine an energy. Measured: bought (computed now).
        """
        labeler = work.labeler()
        theory = labeler.labeler.theory
        frames = self.labels_wanted(work)
        labeled, kept, failures, doubts = [], [], [], dict[str, None]()
        for index, (frame, labels) in enumerate(zip(frames, labeler.labels(frames), strict=True)):
            work.progress(index + 1, len(frames))
            if isinstance(labels, Failure):
                failures.append({"index": index, "reason": labels.reason, "log": labels.log})
                continue
            labeled.append(labels.attach(frame))
            kept.append(index)
            doubts |= dict.fromkeys(energy_doubts(labeler.labeler, frame))
        path = work.folder / "labeled.frames"
        write_frames(path, labeled)
        values = {
            "frames": len(frames),
            "labeled": len(labeled),
            "kept": kept,
            "failures": failures,
            "theory": theory.as_json(),
            "surface": theory.surface,
        }
        if doubts:
            values["findings"] = [{"kind": "undetermined-energy", "what": what, "places": []} for what in doubts]
        return Outcome(values, {"frames": path}, measured={"bought": labeler.bought})
