"""import: a user's file of labeled frames or of structures, checked and taken into the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from whet.contracts.component import Component
from whet.contracts.options import Options
from whet.contracts.task import Outcome, Task, Work
from whet.data.errors import FrameError
from whet.data.frame_choice import chosen_frames
from whet.data.frame_log import write_frames
from whet.data.frames import FrameSet
from whet.data.labels import Labels


class ImportSettings(Options):
    """Settings of a step `import`."""

    labeled: bool
    """Labeled frames, or mere structures."""
    keys: Mapping[str, str] | None = None
    """Names of the labels in the file, where they are unusual."""
    only: Mapping[str, list[str]] | None = None
    """Only frames that have one of these words under each of these keys of their info."""
    first: int | None = None
    """Only so many frames, from the beginning."""
    index: int | None = None
    """Only this frame."""


class ImportFrames(Task):
    """Takes a file of the user's into the store."""

    name = "import"
    result_version = 3
    Options = ImportSettings

    @classmethod
    def most_frames(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """Where one is taken, or the first ones."""
        return options.get("first") if options.get("index") is None else 1

    def run(self, work: Work) -> Outcome:
        """Reads the files (several where a folder was named), in the order of their roles; leaves `frames`.

        Values: frames, elements, and of labeled ones without_stress and findings (kind, what, places).
        """
        from whet.labels.frame_findings import frame_findings
        from whet.plugins.frame_files import read_labeled, read_structures

        wanted, paths = self.options, [ref.locate() for _, ref in sorted(work.files.items())]
        read = [read_labeled(path, wanted.keys or {}) if wanted.labeled else read_structures(path) for path in paths]
        frames = sum(read, FrameSet(()))
        place = ", ".join(map(str, paths[:1])) + (" and others" if len(paths) > 1 else "")
        if wanted.index is not None:
            if wanted.index >= len(frames):
                raise FrameError(
                    f"structure {wanted.index} (from 0) is needed, the file has {len(frames)}", where=place
                )
            frames = frames.take([wanted.index])
        frames = chosen_frames(frames, wanted.only, wanted.first, place)
        out = work.folder / "frames.frames"
        write_frames(out, frames)
        values = {"frames": len(frames), "elements": list(frames.elements)}
        if wanted.labeled:
            values["without_stress"] = sum(Labels.of(frame).stress is None for frame in frames)
            found = [asdict(finding) for finding in frame_findings(frames)]
            values["findings"] = [{**finding, "places": list(finding["places"])} for finding in found]
        return Outcome(values, {"frames": out})
