"""LabelStore: every label that was bought, keyed by frame and level of theory, durable from the moment it arrives."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, overload

from whet.data.errors import InputError, StoreError, UnknownName, suggestion
from whet.data.frame_identity import frame_key
from whet.data.identity import canonical
from whet.data.labels import Failure, Labels
from whet.data.recorded import Recorded
from whet.data.theory import LevelOfTheory
from whet.labels.label_rows import AT_ONCE, MEND, LabelRows
from whet.labels.sqlite_file import SqliteFile
from whet.labels.stored_label import pack_label, unpack_label

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

FORMAT = 2
"""Version of the file: labels are packed frames. In version 1 they were NumPy archives, which are read as well."""

_TABLES = """
create table if not exists theories (fingerprint text primary key, description text not null);
create table if not exists labels (
    theory text not null references theories, frame text not null, content blob not null, digest text not null,
    primary key (theory, frame)
) without rowid
"""


class LabelStore:
    """An SQLite file. Several processes may read and write it at once; a label that was put survives any crash.

    Each label is kept with the frame that it belongs to, and a digest that finds damage. Every method raises StoreError
    where the file cannot be read or written.

    A label lies under its theory narrowed to the elements of its frame (`LevelOfTheory.of`); the labels of a theory are
    those of every narrowed one that it covers.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file = SqliteFile(self.path, _TABLES, FORMAT)

    def get(self, frame: Atoms, theory: LevelOfTheory) -> Labels | None:
        """The labels of a frame at a level of theory, bit for bit as they were put; None where there are none."""
        return self.get_many([frame], theory)[0]

    def get_many(self, frames: Sequence[Atoms], theory: LevelOfTheory) -> list[Labels | None]:
        """For each frame its labels at a level of theory; None where there are none."""
        keys = [frame_key(frame) for frame in frames]
        rows = self._file.do(lambda database: _rows(database, _covered(database, theory), keys))
        return [
            self._labels(rows[key], frame) if key in rows else None for key, frame in zip(keys, frames, strict=True)
        ]

    def _labels(self, row: tuple[bytes, str], frame: Atoms) -> Labels:
        key = frame_key(frame)
        try:
            return _opened(key, *row)[1]
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"the label of {frame.get_chemical_formula()} ({key}) is damaged ({error})",
                where=str(self.path),
                hint=MEND,
            ) from error

    def keys(self, theory: LevelOfTheory) -> set[str]:
        """The keys of the frames that have labels of this level of theory."""
        query = "select frame from labels where theory = ?"
        return self._file.do(
            lambda database: {
                key for one in _covered(database, theory) for (key,) in database.execute(query, (one,)).fetchall()
            }
        )

    def put(self, frame: Atoms, theory: LevelOfTheory, labels: Labels) -> None:
        """Keeps the labels durably before it returns. A label that is already there stays as it is."""
        self.put_many([(frame, labels)], theory)

    def put_many(self, labeled: Sequence[tuple[Atoms, Labels]], theory: LevelOfTheory) -> list[Labels | None]:
        """Keeps all of them in one transaction, durably before it returns.

        For each None where it is kept, else the labels that were there before, and stay: in the store, or earlier in
        the sequence.
        """
        described = {theory.fingerprint: theory}
        rows = []
        for frame, labels in labeled:
            own = theory.of(frame.get_chemical_symbols())
            described[own.fingerprint] = own
            content = pack_label(frame, labels.checked(len(frame)))
            rows.append((own.fingerprint, frame_key(frame), content, hashlib.sha256(content).hexdigest()))

        def insert(database: sqlite3.Connection) -> list[tuple[bytes, str] | None]:
            for key, one in described.items():  # the first begins the transaction
                database.execute("insert or ignore into theories values (?, ?)", (key, canonical(one.as_json())))
            there = _rows(database, _covered(database, theory), [row[1] for row in rows])
            before = []
            for row in rows:
                before.append(there.get(row[1]))
                if before[-1] is None:
                    database.execute("insert into labels values (?, ?, ?, ?)", row)
                    there[row[1]] = row[2:]
            return before

        found = self._file.do(insert)
        return [row and self._labels(row, frame) for row, (frame, _) in zip(found, labeled, strict=True)]

    def complete(self, frame: Atoms, theory: LevelOfTheory, stress: np.ndarray) -> None:
        """Adds a stress (3, 3) to a label that has none; all else of it stays."""
        old = self.get(frame, theory)
        if old is None or old.stress is not None:
            return
        content = pack_label(frame, replace(old, stress=stress).checked(len(frame)))
        row = (content, hashlib.sha256(content).hexdigest(), frame_key(frame))

        def update(database: sqlite3.Connection) -> None:
            for fingerprint in _covered(database, theory):
                query = "update labels set content = ?, digest = ? where frame = ? and theory = ?"
                database.execute(query, (*row, fingerprint))

        self._file.do(update)

    def describe(self, theory: LevelOfTheory) -> None:
        """Keeps a theory without a label of it, so that it can be named."""
        row = (theory.fingerprint, canonical(theory.as_json()))
        self._file.do(lambda database: database.execute("insert or ignore into theories values (?, ?)", row))

    def theories(self) -> list[LevelOfTheory]:
        """Every theory that was described, in the order of their fingerprints."""
        return self._file.do(_theories) if self.path.exists() else []

    def counts(self) -> list[tuple[LevelOfTheory, int]]:
        """How many labels there are of each level of theory.

        Narrowed theories that are parts of one theory, and do not contradict each other, are counted together.
        """
        if not self.path.exists():
            return []
        query = "select theory, count(*) from labels group by theory"
        known, rows = self._file.do(lambda database: (_theories(database), database.execute(query).fetchall()))
        labels = dict(rows)
        parts = [theory for theory in known if theory.fingerprint in labels]
        whole: list[LevelOfTheory] = []
        for part in parts:
            joined = ((index, one.joined(part)) for index, one in enumerate(whole) if one.elements and part.elements)
            index, found = next(((index, both) for index, both in joined if both), (len(whole), part))
            whole[index : index + 1] = [found]
        return [(one, sum(labels[part.fingerprint] for part in parts if one.covers(part))) for one in whole]

    def theory(self, word: str) -> LevelOfTheory:
        """The level of theory that a fingerprint's beginning or a name means. UnknownName or InputError otherwise."""
        known = [theory for theory, _ in self.counts()]
        found = [theory for theory in known if word.lower() in (str(theory).lower(), theory.method.lower())]
        if not found:
            described = self.theories() if known else []
            by_key = {theory.fingerprint: theory for theory in (*described, *known)}
            found = [theory for key, theory in by_key.items() if key.startswith(word.lower()) and self.keys(theory)]
        if not found:
            names = {name for theory in known for name in (str(theory), theory.method)}
            listed = ", ".join(f"{theory.fingerprint[:8]} {theory}" for theory in known)
            hint = suggestion(word, names) or f"In the label store: {listed or 'nothing'}"
            raise UnknownName(f"there are no labels of a theory {word!r}", where=str(self.path), hint=hint)
        if len(found) > 1:
            listed = ", ".join(f"{theory.fingerprint[:8]} {theory}" for theory in found)
            raise InputError(f"{word!r} is not one level of theory", hint=f"Give a fingerprint: {listed}")
        return found[0]

    def frames(self, theory: LevelOfTheory, keys: Sequence[str] | None = None) -> StoredFrames:
        """The labeled frames of a level of theory (of these keys), each read when it is asked for, in order of keys."""
        return StoredFrames(self, theory, sorted(self.keys(theory)) if keys is None else keys)

    def recorded(self, theory: LevelOfTheory) -> Iterator[Recorded]:
        """Every label of a level of theory with its structure, or the damage to it; a few at a time in memory."""
        keys = sorted(self.keys(theory))
        for start in range(0, len(keys), AT_ONCE):
            yield from self.records(theory, keys[start : start + AT_ONCE])

    def records(self, theory: LevelOfTheory, keys: Sequence[str]) -> Iterator[Recorded]:
        """The labels under these keys with their structures, or the damage to them."""
        rows = self._file.do(lambda database: _rows(database, _covered(database, theory), keys))
        for key in keys:
            place = f"{self.path}, label {key}"
            try:
                frame, labels = _opened(key, *rows.get(key, (b"", "")))
                yield Recorded(place, frame, labels, theory)
            except (ValueError, KeyError, TypeError) as error:
                yield Recorded(place, None, Failure(f"the label is damaged ({error})"), theory)

    @property
    def rows(self) -> LabelRows:
        """The labels as they lie in the file."""
        return LabelRows(self._file)


def _opened(key: str, content: bytes, digest: str) -> tuple[Atoms, Labels]:
    """The frame and its labels. ValueError, KeyError or TypeError where they are damaged."""
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError("its bytes are not those that were put")
    return unpack_label(content, key)


def _theories(database: sqlite3.Connection) -> list[LevelOfTheory]:
    """Every theory that was described, in the order of their fingerprints."""
    rows = database.execute("select description from theories order by fingerprint").fetchall()
    return [LevelOfTheory.from_json(json.loads(description)) for (description,) in rows]


def _covered(database: sqlite3.Connection, theory: LevelOfTheory) -> list[str]:
    """Fingerprints of the theories in the label store whose labels are of this theory."""
    return [part.fingerprint for part in _theories(database) if theory.covers(part)]


def _rows(
    database: sqlite3.Connection, fingerprints: Sequence[str], keys: Sequence[str]
) -> dict[str, tuple[bytes, str]]:
    """Content and digest by key, of those that are there."""
    found: dict[str, tuple[bytes, str]] = {}
    for fingerprint in fingerprints:
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            places = ", ".join("?" * len(some))
            query = f"select frame, content, digest from labels where theory = ? and frame in ({places})"
            found |= {key: (content, digest) for key, content, digest in database.execute(query, (fingerprint, *some))}
    return found


class StoredFrames(Sequence["Atoms"]):
    """Labeled frames of one level of theory, of which a few are in memory at a time."""

    def __init__(self, label_store: LabelStore, theory: LevelOfTheory, keys: Sequence[str]) -> None:
        self._store, self._theory, self.keys = label_store, theory, keys
        self._start, self._block = 0, list[Recorded]()

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> Atoms: ...
    @overload
    def __getitem__(self, index: slice) -> StoredFrames: ...
    def __getitem__(self, index: int | slice) -> Atoms | StoredFrames:
        if isinstance(index, slice):
            return StoredFrames(self._store, self._theory, self.keys[index])
        place = range(len(self.keys))[index]
        if not self._start <= place < self._start + len(self._block):
            self._start = place
            self._block = list(self._store.records(self._theory, self.keys[place : place + AT_ONCE]))
        record = self._block[place - self._start]
        if isinstance(record.answer, Failure) or record.frame is None:
            reason = record.answer.reason if isinstance(record.answer, Failure) else "there is no frame"
            raise StoreError(reason, where=record.place, hint=MEND)
        return record.answer.attach(record.frame)
