"""import-trajectory: a user's file of a trajectory, taken into the store frame by frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from whet.contracts.component import Component
from whet.contracts.options import Options
from whet.contracts.task import Outcome, Task, Work
from whet.data.errors import FrameError
from whet.data.frame_log import FrameLog
from whet.data.labels import Failure, Labels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ase import Atoms


MOST_COPIES = 0.02
"""Of the frames may be copies of the one before: a run that was continued writes one twice."""


class TrajectorySettings(Options):
    """Settings of a step `import-trajectory`."""

    interval: float
    """Time between two frames, fs."""
    keys: Mapping[str, str] | None = None
    """Names of the labels in the file, where they are unusual."""
    first: int | None = None
    """Only so many frames, from the beginning."""


class ImportTrajectory(Task):
    """Takes a trajectory of the user's into the store: one frame at a time is in memory, however long it is."""

    name = "import-trajectory"
    result_version = 3
    Options = TrajectorySettings

    @classmethod
    def most_frames(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """Where the first ones are taken."""
        return options.get("first")

    def run(self, work: Work) -> Outcome:
        """Leaves `trajectory`, all frames without their labels, and `frames`, those that have labels, with them.

        Values: times (fs, of each frame), kept (indices of those with labels), elements, end (always null). Raises
        FrameError for a frame with a fault, one with other atoms than the first, where there is no frame, and where
        many are copies of the one before: the times would be wrong.
        """
        from itertools import islice

        from whet.data.labels import without_labels

        wanted, (path,) = self.options, (ref.locate() for ref in work.files.values())
        trajectory, labeled = FrameLog(work.folder / "trajectory.frames"), FrameLog(work.folder / "frames.frames")
        kept: list[int] = []
        first: Atoms | None = None
        before: Atoms | None = None
        copies = 0
        for log in (trajectory, labeled):
            log.cut(0)  # what a run that was cut off left
        for index, (frame, labels) in enumerate(islice(_frames(path, wanted.keys or {}), wanted.first)):
            first = first or frame
            if frame.get_chemical_symbols() != first.get_chemical_symbols():
                what = f"it has other atoms than the first ({frame.symbols}, {first.symbols})"
                hint = "`interval` is for the frames of one trajectory; leave it out for a set of structures"
                raise FrameError(what, where=f"{path}, frame {index}", hint=hint)
            copies += before is not None and _same_places(frame, before)
            before = frame
            trajectory.append(without_labels(frame))
            if labels is not None:
                labeled.append(labels.attach(frame))
                kept.append(index)
        if first is None:
            raise FrameError("there is no frame in it", where=str(path))
        if copies > max(1, MOST_COPIES * len(trajectory)):
            what = f"{copies} of {len(trajectory)} frames are copies of the one before"
            hint = f"Leave them out: with {wanted.interval:g} fs from each to the next all times would be wrong"
            raise FrameError(what, where=str(path), hint=hint)
        for log in (trajectory, labeled):
            log.path.touch()  # of frames without labels there is a file with none
            log.sync()
        times = [index * wanted.interval for index in range(len(trajectory))]
        elements = sorted(set(first.get_chemical_symbols()))
        values = {"frames": len(trajectory), "times": times, "kept": kept, "end": None}
        return Outcome({**values, "elements": elements}, {"trajectory": trajectory.path, "frames": labeled.path})


def _same_places(one: Atoms, other: Atoms) -> bool:
    return bool((one.positions == other.positions).all() and (one.cell.array == other.cell.array).all())


def _frames(path: Path, keys: Mapping[str, str]) -> Iterator[tuple[Atoms, Labels | None]]:
    """Each frame, with its labels where it has some. Raises FrameError for a frame, or a label, with a fault."""
    from whet.data.labels import without_labels
    from whet.files.label_keys import LabelKeys
    from whet.plugins.frame_files import find_sources

    for source in find_sources(path):
        for one in source.read():
            if isinstance(one.atoms, FrameError):
                raise one.atoms.at(one.place)
            if not LabelKeys.are_in(one.atoms, keys):
                yield without_labels(one.atoms), None
                continue
            record = source.record(one, keys)
            if not isinstance(record.answer, Labels) or record.frame is None:
                reason = record.answer.reason if isinstance(record.answer, Failure) else "there is no frame"
                raise FrameError(reason, where=record.place)
            if one.atoms.has("momenta"):  # of what labels are, a trajectory may have velocities, too
                record.frame.set_momenta(one.atoms.get_momenta())
            yield record.frame, record.answer
