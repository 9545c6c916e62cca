"""LabelRows: the labels of a label store as they lie in the file, to check and copy them without reading them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.data.errors import StoreError
from whet.labels.sqlite_file import SqliteFile

if TYPE_CHECKING:
    import sqlite3

Row = tuple[str, str, bytes, str]
"""Theory, frame, content and digest of a label."""

AT_ONCE = 200
"""Labels that are read from the file together."""

MEND = "Restore the file from a copy, or delete the row to compute the label again"

_COLUMNS = "theory, frame, content, digest"


@dataclass(frozen=True)
class LabelRows:
    """Every method raises StoreError where the file cannot be read or written."""

    file: SqliteFile

    def __len__(self) -> int:
        """How many labels there are, of whatever theory."""
        if not self.file.path.exists():
            return 0
        return self.file.do(lambda database: database.execute("select count(*) from labels").fetchone()[0])

    def __iter__(self) -> Iterator[Row]:
        """Every label, be it whole or not; a few at a time in memory."""
        query = f"select {_COLUMNS} from labels where (theory, frame) > (?, ?) order by theory, frame limit {AT_ONCE}"
        last = ("", "")
        while found := self.file.do(lambda database, last=last: database.execute(query, last).fetchall()):
            yield from found
            last = found[-1][:2]

    def of(self, theory: str, frames: Collection[str]) -> Iterator[Row]:
        """The labels of these frames under the fingerprint of one theory. StoreError also where one is damaged."""
        keys = sorted(frames)
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            query = f"select {_COLUMNS} from labels where theory = ? and frame in ({', '.join('?' * len(some))})"
            for row in self.file.do(
                lambda database, query=query, some=some: database.execute(query, (theory, *some)).fetchall()
            ):
                if hashlib.sha256(row[2]).hexdigest() != row[3]:
                    raise StoreError(
                        f"the label of the frame {row[1]} is damaged", where=str(self.file.path), hint=MEND
                    )
                yield row

    def add(self, theories: Iterable[tuple[str, str]], rows: Sequence[Row]) -> None:
        """Puts in theories and labels as they lie in another label store; those that are there stay as they are."""

        def insert(database: sqlite3.Connection) -> None:
            database.executemany("insert or ignore into theories values (?, ?)", list(theories))
            database.executemany("insert or ignore into labels values (?, ?, ?, ?)", rows)

        self.file.do(insert)

    def theories(self) -> list[tuple[str, str]]:
        """Fingerprint and description of every theory."""
        query = "select fingerprint, description from theories order by fingerprint"
        return self.file.do(lambda database: database.execute(query).fetchall())

    def faults(self) -> list[str]:
        """What SQLite finds wrong with the file; empty where it finds nothing."""
        said = self.file.do(lambda database: [text for (text,) in database.execute("pragma integrity_check")])
        return [] if said == ["ok"] else said

    def retiring(self) -> AbstractContextManager[None]:
        """Nobody else uses the file meanwhile, and nobody can afterwards: it was moved. A fault inside undoes it."""
        return self.file.retiring() if self.file.path.exists() else nullcontext()
