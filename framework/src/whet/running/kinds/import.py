"""import: a user's file of labeled frames or of structures, checked and taken into the store."""

from __future__ import annotations

from whet.data.errors import FrameError
from whet.data.frame_log import write_frames
from whet.data.labels import Labels
from whet.files.frame_files import LabelKeys, read_labeled, read_structures
from whet.running.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Reads `files.frames`; leaves `frames`.

    settings: labeled (or mere structures), and if given: keys, first (so many frames), index (that frame only).
    """
    path = work.step.files["frames"].locate()
    keys = work.settings.get("keys")
    if work.settings["labeled"]:
        frames = read_labeled(path, LabelKeys(keys["energy"], keys["forces"], keys.get("stress")) if keys else None)
    else:
        frames = read_structures(path)
    if (index := work.settings.get("index")) is not None:
        if index >= len(frames):
            raise FrameError(f"structure {index + 1} is needed, the file has {len(frames)}", where=str(path))
        frames = frames.take([index])
    limit = work.settings.get("first")
    if limit is not None and limit > len(frames):
        raise FrameError(f"{limit} frames were asked for, the file has {len(frames)}", where=str(path))
    frames = frames[:limit]
    without_stress = sum(Labels.of(frame).stress is None for frame in frames) if work.settings["labeled"] else None
    out = work.folder / "frames.frames"
    write_frames(out, frames)
    values = {"frames": len(frames), "elements": list(frames.elements), "without_stress": without_stress}
    return Outcome({key: value for key, value in values.items() if value is not None}, {"frames": out})
