"""import: a user's file of labeled frames or of structures, checked and taken into the store."""

from __future__ import annotations

from dataclasses import asdict

from whet.data.errors import FrameError
from whet.data.frame_log import write_frames
from whet.data.frames import FrameSet
from whet.data.labels import Labels
from whet.labels.frame_findings import frame_findings
from whet.plugins.frame_files import read_labeled, read_structures
from whet.running.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Reads `files` (several where a folder was named), in the order of their roles; leaves `frames`.

    settings: labeled (or mere structures), and if given: keys, first (so many frames), index (that frame only).
    Values: frames, elements, and of labeled ones without_stress and findings (kind, what, places).
    """
    is_labeled, keys = work.settings["labeled"], work.settings.get("keys") or {}
    paths = [ref.locate() for _, ref in sorted(work.step.files.items())]
    frames = sum(((read_labeled(path, keys) if is_labeled else read_structures(path)) for path in paths), FrameSet(()))
    place = ", ".join(map(str, paths[:1])) + (" and others" if len(paths) > 1 else "")
    if (index := work.settings.get("index")) is not None:
        if index >= len(frames):
            raise FrameError(f"structure {index + 1} is needed, the file has {len(frames)}", where=place)
        frames = frames.take([index])
    limit = work.settings.get("first")
    if limit is not None and limit > len(frames):
        raise FrameError(f"{limit} frames were asked for, the file has {len(frames)}", where=place)
    frames = frames[:limit]
    out = work.folder / "frames.frames"
    write_frames(out, frames)
    values = {"frames": len(frames), "elements": list(frames.elements)}
    if is_labeled:
        values["without_stress"] = sum(Labels.of(frame).stress is None for frame in frames)
        found = [asdict(finding) for finding in frame_findings(frames)]
        values["findings"] = [{**finding, "places": list(finding["places"])} for finding in found]
    return Outcome(values, {"frames": out})
