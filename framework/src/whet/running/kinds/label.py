"""label: each frame's label, from the shelf or from the labeler; on the shelf the moment it arrives."""

from __future__ import annotations

from whet.data.errors import FrameError
from whet.data.frame_files import write_frames
from whet.data.labels import Failure, Labels
from whet.running.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Labels `inputs.frames`; leaves `frames` (those with labels). A frame that fails is listed, the others go on.

    Values: labeled, failures (index, reason, log), kept (indices of the labeled). Measured: bought (computed now).
    """
    labeler = work.load("labeler")
    shelf, theory = work.store.shelf, labeler.theory
    frames = work.frames("frames")
    labeled, kept, failures, bought = [], [], [], 0
    for index, frame in enumerate(frames):
        work.progress(index, len(frames))
        labels = shelf.get(frame, theory)
        if labels is None:
            # One at a time: each label is on the shelf before the next is begun.
            (answer,) = labeler.label([frame], work.folder / "labeler")
            answer = _checked(answer, len(frame))
            if isinstance(answer, Failure):
                failures.append({"index": index, "reason": answer.reason, "log": answer.log})
                continue
            shelf.put(frame, theory, answer)
            labels, bought = answer, bought + 1
        labeled.append(labels.attach(frame))
        kept.append(index)
    work.progress(len(frames), len(frames))
    path = work.folder / "labeled.traj"
    write_frames(path, labeled)
    values = {
        "frames": len(frames),
        "labeled": len(labeled),
        "kept": kept,
        "failures": failures,
        "theory": theory.as_json(),
        "surface": theory.surface,
    }
    return Outcome(values, {"frames": path}, measured={"bought": bought})


def _checked(answer: Labels | Failure, n_atoms: int) -> Labels | Failure:
    if isinstance(answer, Failure):
        return answer
    try:
        return answer.checked(n_atoms)
    except FrameError as error:
        return Failure(f"the labeler answered nonsense: {error.what}")
