"""Shelf: every label that was ever bought, keyed by frame and level of theory, durable from the moment it arrives."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from whet.data.durable import unwritable
from whet.data.errors import StoreError
from whet.data.frames import frame_key, total_charge
from whet.data.identity import canonical
from whet.data.labels import Labels
from whet.data.theory import LevelOfTheory

if TYPE_CHECKING:
    from ase import Atoms

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds to wait for other processes that use the shelf."""

_TABLES = """
create table if not exists theories (fingerprint text primary key, description text not null);
create table if not exists labels (
    theory text not null references theories, frame text not null, content blob not null, digest text not null,
    primary key (theory, frame)
) without rowid;
"""


class Shelf:
    """An SQLite file. Several processes may read and write it at once; a label that was put survives any crash.

    Each label is kept with the structure that it belongs to, as a NumPy archive without pickles, and a digest that
    finds damage. Every method raises StoreError where the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, frame: Atoms, theory: LevelOfTheory) -> Labels | None:
        """The labels of a frame at a level of theory, bit for bit as they were put; None where there are none."""
        key = (theory.fingerprint, frame_key(frame))
        row = self._do(
            lambda database: database.execute(
                "select content, digest from labels where theory = ? and frame = ?", key
            ).fetchone()
        )
        if row is None:
            return None
        content, digest = row
        if hashlib.sha256(content).hexdigest() != digest:
            raise StoreError(
                f"the label of {frame.get_chemical_formula()} ({frame_key(frame)}) is damaged",
                where=str(self.path),
                hint="Restore the file from a copy, or delete the row to compute the label again",
            )
        return _unpacked(content)

    def keys(self, theory: LevelOfTheory) -> set[str]:
        """The keys of the frames that have labels of this level of theory."""
        query = "select frame from labels where theory = ?"
        rows = self._do(lambda database: database.execute(query, (theory.fingerprint,)).fetchall())
        return {key for (key,) in rows}

    def put(self, frame: Atoms, theory: LevelOfTheory, labels: Labels) -> None:
        """Keeps the labels durably before it returns. A label that is already there stays as it is."""
        content = _packed(frame, labels.checked(len(frame)))
        described = (theory.fingerprint, canonical(theory.as_json()))
        row = (theory.fingerprint, frame_key(frame), content, hashlib.sha256(content).hexdigest())

        def insert(database: sqlite3.Connection) -> None:
            database.execute("insert or ignore into theories values (?, ?)", described)
            database.execute("insert or ignore into labels values (?, ?, ?, ?)", row)

        self._do(insert)

    def counts(self) -> list[tuple[LevelOfTheory, int]]:
        """How many labels there are of each level of theory."""
        if not self.path.exists():
            return []
        query = "select description, count(*) from labels join theories on theory = fingerprint group by theory"
        rows = self._do(lambda database: database.execute(query).fetchall())
        return [(LevelOfTheory(**json.loads(description)), count) for description, count in rows]

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` answers; its changes are on the disk when this returns. It may be tried more than once.

        SQLite waits for locks on rows, but not for every lock on the file: while another process makes it, switches
        its journal or closes it last, it answers "locked" at once.
        """
        patience = time.monotonic() + PATIENCE
        while True:
            try:
                return self._once(work)
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > patience:
                    raise _refused(self.path, error) from error
                time.sleep(0.02)
            except (OSError, sqlite3.Error) as error:
                raise _refused(self.path, error) from error

    def _once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as database:
            database.execute("pragma journal_mode = wal")
            database.execute("pragma synchronous = full")
            database.executescript(_TABLES)
            with database:
                return work(database)


def _refused(path: Path, error: Exception) -> StoreError:
    if isinstance(error, OSError):
        return unwritable(path, error)
    if "full" in str(error) or ("disk" in str(error) and shutil.disk_usage(path.parent).free < 1_000_000):
        return StoreError(
            "the disk is full", where=str(path), hint="Free some space and run the same command again: nothing is lost"
        )
    return StoreError(f"the shelf of labels cannot be used ({error})", where=str(path), hint="Restore it from a copy")


def _packed(frame: Atoms, labels: Labels) -> bytes:
    import numpy as np

    arrays: dict[str, Any] = {
        "numbers": frame.numbers,
        "positions": frame.positions,
        "cell": np.asarray(frame.cell),
        "pbc": frame.pbc,
        "charge": np.float64(total_charge(frame)),
        "initial_magmoms": frame.get_initial_magnetic_moments(),
        **labels.as_arrays(),
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _unpacked(content: bytes) -> Labels:
    import numpy as np

    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return Labels.from_arrays(archive)
