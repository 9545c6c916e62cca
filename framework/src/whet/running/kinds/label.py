"""label: each frame's label, from the label store or from the labeler; in the label store the moment it arrives."""

from __future__ import annotations

from whet.data.frame_log import write_frames
from whet.data.labels import Failure
from whet.labels.stored_labeler import StoredLabeler
from whet.running.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Labels `inputs.frames`; leaves `frames` (those with labels). A frame that fails is listed, the others go on.

    Values: labeled, failures (index, reason, log), kept (indices of the labeled). Measured: bought (computed now).
    """
    labeler = StoredLabeler(work.load("labeler"), work.store.labels, work.folder / "labeler")
    theory = labeler.labeler.theory
    frames = work.frames("frames")
    labeled, kept, failures = [], [], []
    for index, (frame, labels) in enumerate(zip(frames, labeler.labels(frames), strict=True)):
        work.progress(index + 1, len(frames))
        if isinstance(labels, Failure):
            failures.append({"index": index, "reason": labels.reason, "log": labels.log})
            continue
        labeled.append(labels.attach(frame))
        kept.append(index)
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
    return Outcome(values, {"frames": path}, measured={"bought": labeler.bought})
