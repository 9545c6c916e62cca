"""LabelLog: the labels that one step got, durable as they arrive, until they are taken into the label store.

Workers may run anywhere, many at once; one that died in the middle of a transaction would have the label store's lock.
So each appends to a file of its own, and the driver is the only one that writes the label store.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from whet.data.errors import FrameError
from whet.data.frame_identity import frame_key
from whet.data.identity import canonical
from whet.data.labels import Labels
from whet.data.record_log import RecordLog
from whet.data.record_salvage import salvage
from whet.data.refusals import unreadable
from whet.data.theory import LevelOfTheory
from whet.labels.label_store import LabelStore
from whet.labels.stored_label import pack_label, unpack_label

if TYPE_CHECKING:
    from ase import Atoms

NAME = "labels.log"
"""Of the file, in the step's folder."""

MAGIC = b"whet-labels 1\n\0\0"
"""First 16 bytes of the file; the number is the version of the format."""

MARK = b"LABL"
"""Before each record."""


class LabelLog:
    """What a step's labeler keeps its labels in: reads from the label store and from the log, writes the log alone.

    A record is a line of JSON (the fingerprint of the theory and the frame's key, or a theory's description) and, for a
    label, its bytes as the label store has them.
    """

    def __init__(self, path: Path, label_store: LabelStore) -> None:
        self._label_store = label_store
        self._log = _opened(path)
        self._own: dict[tuple[str, str], Labels] = {}
        self._described: set[str] = set()
        for entry in _entries(_salvaged(path), path, label_store) if len(self._log) else ():
            if not isinstance(entry, FrameError):
                theory, frame, labels = entry
                self._own[theory.fingerprint, frame_key(frame)] = labels
                self._described.add(theory.fingerprint)

    def get(self, frame: Atoms, theory: LevelOfTheory) -> Labels | None:
        """The labels of a frame at a level of theory; None where there are none."""
        return self._own.get((theory.fingerprint, frame_key(frame))) or self._label_store.get(frame, theory)

    def keys(self, theory: LevelOfTheory) -> set[str]:
        """The keys of the frames that have labels of this level of theory."""
        own = {key for fingerprint, key in self._own if fingerprint == theory.fingerprint}
        return own | self._label_store.keys(theory)

    def put(self, frame: Atoms, theory: LevelOfTheory, labels: Labels) -> None:
        """Keeps the labels durably before it returns."""
        key = frame_key(frame)
        head = canonical({"theory": theory.fingerprint, "frame": key}).encode()
        self.describe(theory)
        self._log.append(head + b"\n" + pack_label(frame, labels.checked(len(frame))), durably=True)
        self._own[theory.fingerprint, key] = labels

    def describe(self, theory: LevelOfTheory) -> None:
        """Keeps a theory without a label of it, so that it can be named."""
        if theory.fingerprint not in self._described:
            about = canonical({"describes": theory.as_json()}).encode() + b"\n"
            # Twice: without it no label of the log could be used, and its bytes, too, may be hit by damage.
            self._log.append(about)
            self._log.append(about, durably=True)
            self._described.add(theory.fingerprint)


def take_in(path: Path, label_store: LabelStore) -> tuple[int, list[str]]:
    """Puts the labels of a log into the label store, and removes the log. Nobody may be writing it.

    Gives how many were new there, and what is damaged. A damaged log stays beside, under another name: its labels that
    are whole are in the label store, the others are computed again. Raises StoreError where the label store cannot be
    written: the log stays as it is.
    """
    if not path.is_file():
        return 0, []
    labeled: dict[str, tuple[LevelOfTheory, list[tuple[Atoms, Labels]]]] = {}
    damage: list[str] = []
    for entry in _entries(_salvaged(path), path, label_store):
        if isinstance(entry, FrameError):
            damage.append(str(entry))
            continue
        theory, frame, labels = entry
        labeled.setdefault(theory.fingerprint, (theory, []))[1].append((frame, labels))
    new = 0
    for theory, pairs in labeled.values():
        new += sum(before is None for before in label_store.put_many(pairs, theory))
    if damage:
        path.replace(path.with_name(f"labels-damaged-{path.stat().st_mtime_ns}.log"))
    else:
        path.unlink()
    return new, damage


def look_into(path: Path) -> tuple[int, list[str]]:
    """How many labels in a log can be read, and what is damaged. The log stays as it is."""
    labels, damage = 0, list[str]()
    try:
        for entry in _entries(_opened(path)):
            if isinstance(entry, FrameError):
                damage.append(str(entry))
            else:
                labels += 1
    except FrameError as error:
        damage.append(str(error))
    return labels, damage


def _opened(path: Path) -> RecordLog:
    return RecordLog(path, MAGIC, MARK, kind="a log of labels", noun="label")


def _salvaged(path: Path) -> list[bytes | range]:
    """The records that are whole, and the places of what is damaged. StoreError where it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    if MAGIC.startswith(content):
        return []
    return list(salvage(content, MARK, len(MAGIC) if content.startswith(MAGIC) else 0))


def _entries(
    records: Sequence[bytes | range], path: Path, label_store: LabelStore
) -> Iterator[tuple[LevelOfTheory, Atoms, Labels] | FrameError]:
    """Every label that is whole, and the damage of those that are not."""
    theories: dict[str, LevelOfTheory] = {}
    for index, record in enumerate(records):
        place = f"{path}, record {index}"
        if isinstance(record, range):
            yield FrameError("the label is damaged", where=f"{path}, bytes {record.start} to {record.stop}")
            continue
        try:
            head, _, content = record.partition(b"\n")
            about = json.loads(head)
            if "describes" in about:
                theory = LevelOfTheory.from_json(about["describes"])
                theories[theory.fingerprint] = theory
                continue
            if about["theory"] not in theories:  # its description is damaged; an earlier log may have had it
                theories |= {theory.fingerprint: theory for theory in label_store.theories()}
            frame, labels = unpack_label(content, about["frame"])
            yield theories[about["theory"]], frame, labels
        except (ValueError, KeyError, TypeError) as error:
            yield FrameError(f"the label cannot be read ({error})", where=place)
