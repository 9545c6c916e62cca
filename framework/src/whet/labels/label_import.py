"""import_labels: labels that somebody already has, into the label store; every good one, once, and nothing silently."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.data.durable import replacing
from whet.data.errors import FrameError
from whet.data.labels import Failure, Labels
from whet.data.recorded import Recorded
from whet.data.theory import LevelOfTheory
from whet.labels.doubles import Difference
from whet.labels.label_checks import Finding, LabelChecks
from whet.labels.label_store import LabelStore
from whet.labels.theory_statement import TheoryStatement

if TYPE_CHECKING:
    from ase import Atoms

AT_ONCE = 500
"""Labels that land in the label store together: what a crash costs is at most to read so many again."""


@dataclass(frozen=True)
class Remark:
    """Something about one frame: where it stands, and what about it."""

    place: str
    what: str


@dataclass
class ImportReport:
    """What became of the frames that were read.

    imported: by theory. notes: what the sources remark, and how often. completed: duplicates whose stress was added to
    a label that had none.
    """

    read: int = 0
    imported: dict[str, int] = field(default_factory=dict)
    theories: dict[str, LevelOfTheory] = field(default_factory=dict)
    duplicates: list[Remark] = field(default_factory=list)
    conflicts: list[Remark] = field(default_factory=list)
    refused: list[Remark] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    suspicious: list[Finding] = field(default_factory=list)
    with_stress: int = 0
    completed: int = 0

    @property
    def new(self) -> int:
        """Labels that are in the label store now and were not before."""
        return sum(self.imported.values())

    @property
    def is_clean(self) -> bool:
        """Whether every frame is in the label store with the label that was read."""
        return not self.refused and not self.conflicts

    def lines(self) -> Iterator[str]:
        """Everything about single frames, a line each: for a log."""
        kinds = {"refused": self.refused, "conflict": self.conflicts, "duplicate": self.duplicates}
        for kind, remarks in kinds.items():
            yield from (f"{kind}: {remark.place}: {remark.what}" for remark in remarks)
        for finding in self.suspicious:
            yield f"suspicious: {finding.what}"
            yield from (f"suspicious: {place}: {finding.kind}" for place in finding.places)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""

        def plain(remarks: Sequence[Remark]) -> list[dict[str, str]]:
            return [{"place": remark.place, "what": remark.what} for remark in remarks]

        return {
            "read": self.read,
            "imported": self.new,
            "theories": {
                key: {"theory": theory.as_json(), "imported": self.imported.get(key, 0)}
                for key, theory in self.theories.items()
            },
            "with_stress": self.with_stress,
            "completed": self.completed,
            "duplicates": plain(self.duplicates),
            "conflicts": plain(self.conflicts),
            "refused": plain(self.refused),
            "notes": dict(self.notes),
            "suspicious": [
                {"kind": finding.kind, "what": finding.what, "places": list(finding.places)}
                for finding in self.suspicious
            ],
        }


def import_labels(
    records: Iterable[Recorded],
    store: LabelStore,
    statement: TheoryStatement,
    *,
    large_force: float,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda read: None,
) -> ImportReport:
    """Puts every good label in the label store, durably as it goes; a later run of the same finds what is there.

    large_force: eV/Å, above which a frame is reported. dry_run: the label store stays as it is. progress: told how many
    frames were read. Raises InputError where a label has no theory, StoreError where the label store cannot be used.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix="whet-") as scratch:
        # A dry run has to know what it would have put there: in a label store of its own.
        target = LabelStore(Path(scratch) / "labels.sqlite") if dry_run else store
        run = _Import(store, target, statement, large_force)
        source = iter(records)
        while batch := list(islice(source, AT_ONCE)):
            run.take(batch)
            progress(run.report.read)
        return run.finished()


def write_log(report: ImportReport, folder: Path) -> Path | None:
    """Writes every line of the report into a file of the folder; None where there is none. Raises StoreError."""
    if not any(True for _ in report.lines()):
        return None
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}.log"
    number = 2
    while path.exists():
        path, number = path.with_name(f"{path.stem.partition('_')[0]}_{number}.log"), number + 1
    with replacing(path) as partial, partial.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in report.lines())
    return path


class _Import:
    def __init__(self, store: LabelStore, target: LabelStore, statement: TheoryStatement, large_force: float) -> None:
        self.labels, self.target, self.statement, self.large_force = store, target, statement, large_force
        self.report = ImportReport()
        self._checks: dict[str, LabelChecks] = {}

    def take(self, batch: Sequence[Recorded]) -> None:
        """Puts the good labels of a batch in the label store, and counts the others."""
        good: dict[str, list[Recorded]] = {}
        for record in batch:
            self.report.read += 1
            try:
                theory = self._settled(record)
            except FrameError as error:
                self.report.refused.append(Remark(record.place, str(error)))
            else:
                good.setdefault(theory.fingerprint, []).append(record)
                if record.note:
                    self.report.notes[record.note] += 1
        for fingerprint, records in good.items():
            self._put(fingerprint, records)

    def finished(self) -> ImportReport:
        """The report, with what is suspicious in the labels of each theory."""
        for checks in self._checks.values():
            self.report.suspicious += checks.findings()
        return self.report

    def _settled(self, record: Recorded) -> LevelOfTheory:
        if isinstance(record.answer, Failure):
            raise FrameError(record.answer.reason)
        if record.frame is None:
            raise FrameError("there is no frame")
        record.answer.checked(len(record.frame))
        theory = self.statement.settle(record.theory)
        if theory.fingerprint not in self.report.theories:
            self._begin(theory)
        return theory

    def _begin(self, theory: LevelOfTheory) -> None:
        """Gets to know the labels of the theory that are there already."""
        key = theory.fingerprint
        self.report.theories[key], self.report.imported[key] = theory, 0
        self._checks[key] = LabelChecks(self.large_force)
        for record in self.labels.recorded(theory) if self.labels.path.is_file() else ():
            if record.frame is not None and isinstance(record.answer, Labels):
                self._checks[key].add(record.place, record.frame, record.answer, is_new=False)

    def _put(self, fingerprint: str, records: Sequence[Recorded]) -> None:
        theory, report = self.report.theories[fingerprint], self.report
        labeled = list(map(_pair, records))
        frames = [frame for frame, _ in labeled]
        there: list[Labels | None] = [None] * len(labeled)
        if self.target is not self.labels and self.labels.path.is_file():
            there = self.labels.get_many(frames, theory)
        fresh = [index for index, labels in enumerate(there) if labels is None]
        before = self.target.put_many([labeled[index] for index in fresh], theory)
        for index, labels in zip(fresh, before, strict=True):
            there[index] = labels
        for record, (frame, labels), old in zip(records, labeled, there, strict=True):
            if old is not None:
                self._note_double(record.place, frame, labels, old, theory)
                continue
            report.imported[fingerprint] += 1
            report.with_stress += labels.stress is not None
            self._checks[fingerprint].add(record.place, frame, labels)

    def _note_double(self, place: str, frame: Atoms, labels: Labels, old: Labels, theory: LevelOfTheory) -> None:
        apart = Difference.between(labels, old)
        if apart.is_large:
            what = f"another label of the same frame, {apart} away; the first stays"
            self.report.conflicts.append(Remark(place, what))
            return
        more = ""
        if labels.stress is not None and old.stress is None:
            self.target.complete(frame, theory, labels.stress)
            self.report.completed += 1
            more = "; its stress is added to the label that was there"
        self.report.duplicates.append(Remark(place, f"the same frame with the same label{more}"))


def _pair(record: Recorded) -> tuple[Atoms, Labels]:
    assert record.frame is not None and isinstance(record.answer, Labels)
    return record.frame, record.answer
