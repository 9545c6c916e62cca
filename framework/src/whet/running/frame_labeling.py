"""label_frames: frames of a user's file, labeled through the label store of a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.contracts.component import Spec
from whet.contracts.labeling import Labeler, isolated_atom
from whet.data.durable import locked
from whet.data.errors import FrameError, StoreError
from whet.data.labels import Failure
from whet.data.theory import LevelOfTheory
from whet.labels.stored_labeler import StoredLabeler
from whet.plugins.frame_files import find_sources
from whet.plugins.registry import registry
from whet.running.store import Store

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class FailedFrame:
    """A frame without a label.

    index: in the file, from 0; None for an isolated atom. formula: empty for one that could not be read.
    """

    index: int | None
    formula: str
    reason: str
    log: str = ""

    def __str__(self) -> str:
        if not self.formula:  # the fault says where it stands
            return self.reason
        name = f"isolated atom {self.formula}" if self.index is None else f"frame {self.index} ({self.formula})"
        return f"{name}: {self.reason}"


@dataclass
class LabelingReport:
    """labeled: the frames with their labels, isolated atoms last. bought: computed now. isolated: eV by symbol."""

    theory: LevelOfTheory
    asked: int
    bought: int = 0
    labeled: list[Atoms] = field(default_factory=list)
    failed: list[FailedFrame] = field(default_factory=list)
    isolated: dict[str, float] = field(default_factory=dict)

    @property
    def found(self) -> int:
        """Labels that were in the label store already, or belong to a frame that stands twice in the file."""
        return len(self.labeled) - self.bought

    def as_json(self) -> dict[str, Any]:
        """Plain data; not the frames."""
        return {
            "theory": self.theory.as_json(),
            "name": str(self.theory),
            "fingerprint": self.theory.fingerprint,
            "asked": self.asked,
            "labeled": len(self.labeled),
            "bought": self.bought,
            "found": self.found,
            "failed": [vars(failed) for failed in self.failed],
            "isolated_atoms": self.isolated,
        }


def labeler_of(given: str | Mapping[str, Any], *, device: str = "cpu") -> Labeler:
    """The labeler that a user names (NAME, or a mapping with `use:` and options). Raises what the registry raises.

    device: where the potential of a teacher lives.
    """
    here = registry()
    return here.load(here.resolve("labelers", Spec.parse(given, folder=Path.cwd())), device=device)


def frames_to_label(path: Path | str) -> list[Atoms | FrameError]:
    """The structures of a file or folder, or the fault of each that is none. Raises it where no structure is left."""
    found: list[Atoms | FrameError] = []
    for source in find_sources(Path(path), structures=True):
        for one in source.read():
            found.append(one.atoms.at(one.place) if isinstance(one.atoms, FrameError) else one.atoms)
    if all(isinstance(one, FrameError) for one in found):
        raise next(one for one in found if isinstance(one, FrameError))
    return found


def label_frames(
    frames: Sequence[Atoms | FrameError] | Path | str,
    labeler: Labeler | str | Mapping[str, Any],
    store: Path | str = ".whet",
    *,
    isolated_atoms: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LabelingReport:
    """Labels frames, or those of a file; each is on the store's labels before the next is asked for, and found there.

    frames: a FrameError in place of one is a frame that fails with it. labeler: `tblite`, or
    `{"use": "tblite", "method": "GFN2-xTB"}`. isolated_atoms: also the atom of each element, marked
    `config_type=IsolatedAtom`. Raises FrameError for what is no frame, what the registry and the labeler raise, and
    StoreError where another process labels with this theory in this store.
    """
    if isinstance(frames, Path | str):
        frames = frames_to_label(frames)
    if not isinstance(labeler, Labeler):
        labeler = labeler_of(labeler)
    kept = Store(Path(store))
    good = [(index, frame) for index, frame in enumerate(frames) if not isinstance(frame, FrameError)]
    places: list[int | None] = [index for index, _ in good]
    wanted = [frame for _, frame in good]
    if isolated_atoms:
        for symbol in sorted({symbol for frame in wanted for symbol in frame.get_chemical_symbols()}):
            atom = isolated_atom(symbol)
            atom.info["config_type"] = "IsolatedAtom"
            wanted.append(atom)
            places.append(None)
    theory = labeler.theory
    faults = [(index, frame) for index, frame in enumerate(frames) if isinstance(frame, FrameError)]
    report = LabelingReport(theory, len(wanted) + len(faults))
    report.failed += [FailedFrame(index, "", str(fault)) for index, fault in faults]
    folder = kept.root / "labeler" / labeler.name
    # Two programs that ran the same frame in one folder would destroy each other's files.
    hint = "Wait for it, or give its labeler more `processes`"
    busy = StoreError("another process labels with this theory here", where=str(folder), hint=hint)
    with kept.at_work(), locked(folder / f"{theory.fingerprint[:12]}.lock", busy=busy):
        stored = StoredLabeler(labeler, kept.labels, folder)
        for index, answer in enumerate(stored.labels(wanted)):
            frame, place = wanted[index], places[index]
            if isinstance(answer, Failure):
                report.failed.append(FailedFrame(place, frame.get_chemical_formula(), answer.reason, answer.log))
            else:
                report.labeled.append(answer.attach(frame))
                if place is None:
                    report.isolated[str(frame.symbols[0])] = answer.energy
            report.bought = stored.bought
            progress(index + 1, len(wanted))
    return report
