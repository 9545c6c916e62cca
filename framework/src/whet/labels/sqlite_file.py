"""SqliteFile: an SQLite file that several processes use at once, also over a network, and that survives any crash."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from whet.data.durable import sync_folder, unwritable
from whet.data.errors import StoreError
from whet.data.partials import new_partial, remove_dead

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds to wait for other processes that use the file."""

YOUNG = 5.0
"""Seconds for which an empty file may be one that another process is making (on a disk without hard links)."""

RETIRED = 2_000_000_000
"""Format of a file that was moved: who still has the old one must not write into it."""

_WAL = b"\2\2"
"""Bytes 18 and 19 of a file whose journal is SQLite's WAL."""


@dataclass(frozen=True)
class SqliteFile:
    """tables: statements that make what is missing. format: version of what is in it; what is newer is refused.

    The journal is a rollback journal: SQLite's WAL keeps shared memory, which no network disk has. A file that an
    earlier version left with a WAL is converted.
    """

    path: Path
    tables: str
    format: int

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` answers; its changes are on the disk when this returns. It may be tried more than once.

        SQLite waits for locks on rows, but not for every lock on the file: while another process switches its journal,
        it answers "locked" at once. Raises StoreError.
        """
        patience = time.monotonic() + PATIENCE
        while True:
            try:
                return self._once(work)
            except StoreError:
                raise
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > patience:
                    raise _refused(self.path, error) from error
                time.sleep(0.02)
            except (OSError, sqlite3.Error) as error:
                raise _refused(self.path, error) from error

    @contextmanager
    def retiring(self) -> Iterator[None]:
        """Nobody reads or writes it meanwhile; after it nobody can. A fault inside leaves it as it was.

        The file must not be opened meanwhile by this process: closing it would let go of SQLite's locks. StoreError.
        """
        try:
            with closing(sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)) as database:
                database.execute("begin exclusive")
                yield
                database.execute(f"pragma user_version = {RETIRED}")
                database.execute("commit")
        except sqlite3.Error as error:
            raise _refused(self.path, error) from error

    def _once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if not self.path.exists():
            self._make()
        elif self.path.is_file():
            self._refuse_empty()
            if not (os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)):
                return self._looked_at(work)
        with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as database:
            database.execute("pragma journal_mode = delete")
            database.execute("pragma synchronous = extra")  # full, and the folder: a commit survives a power cut
            if self._version(database) < self.format:
                database.executescript(f"{self.tables}; pragma user_version = {self.format};")
            with database:
                return work(database)

    def _make(self) -> None:
        """Makes the file with its tables, whole from the first moment; another process may be faster."""
        with closing(sqlite3.connect(":memory:")) as memory:
            memory.executescript(f"{self.tables}; pragma user_version = {self.format};")
            content = memory.serialize()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        remove_dead(self.path)
        handle, partial = new_partial(self.path)
        try:
            partial.write_bytes(content)
            os.fsync(handle)
            partial.chmod(0o644)
            # It exists by now, or the disk has no hard links: SQLite makes it then.
            with suppress(OSError):
                os.link(partial, self.path)
            sync_folder(self.path.parent)
        finally:
            partial.unlink(missing_ok=True)
            os.close(handle)

    def _refuse_empty(self) -> None:
        """StoreError for a file that was cut to nothing: SQLite would take it for a new one."""
        patience = time.monotonic() + YOUNG
        while (about := self.path.stat()).st_size == 0:
            if time.time() - about.st_mtime > YOUNG or time.monotonic() > patience:
                hint = "Restore it from a copy; if there is none, remove it, and labels are computed anew"
                raise StoreError("the file is empty: something cut it to nothing", where=str(self.path), hint=hint)
            time.sleep(0.02)

    def _looked_at(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` answers where this user may only read."""
        with self.path.open("rb") as file:
            has_wal = file.read(20)[18:] == _WAL
        journal = self.path.with_name(f"{self.path.name}-{'wal' if has_wal else 'journal'}")
        if has_wal and journal.is_file() and journal.stat().st_size:
            raise StoreError(
                "there is no permission to write here, and somebody has it open", where=str(self.path), hint="Try again"
            )
        query = "mode=ro&immutable=1" if has_wal else "mode=ro"  # a WAL would want to be written
        address = f"{self.path.resolve().as_uri()}?{query}"
        with closing(sqlite3.connect(address, uri=True, timeout=PATIENCE)) as database:
            try:
                self._version(database)
                return work(database)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorname in ("SQLITE_READONLY_ROLLBACK", "SQLITE_CANTOPEN") and journal.exists():
                    what = "a write to it was broken off, and there is no permission to take it back"
                    hint = "Let its owner run `whet labels list`"
                    raise StoreError(what, where=str(self.path), hint=hint) from error
                raise

    def _version(self, database: sqlite3.Connection) -> int:
        (version,) = database.execute("pragma user_version").fetchone()
        if version == RETIRED:
            raise StoreError("it was moved, with its store", where=str(self.path), hint="Use the store's new place")
        if version > self.format:
            what = f"it has the format {version}, this version of Whet knows {self.format}"
            raise StoreError(what, where=str(self.path), hint="Use a newer Whet")
        return version


def _refused(path: Path, error: Exception) -> StoreError:
    if isinstance(error, OSError):
        return unwritable(path, error)
    if "full" in str(error) or ("disk" in str(error) and shutil.disk_usage(path.parent).free < 1_000_000):
        return StoreError(
            "the disk is full", where=str(path), hint="Free some space and run the same command again: nothing is lost"
        )
    if "readonly" in str(error):
        return StoreError("there is no permission to write here", where=str(path), hint="Use a store of your own")
    return StoreError(f"the label store cannot be used ({error})", where=str(path), hint="Restore it from a copy")
