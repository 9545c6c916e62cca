"""TrustedFiles: the user's list of files that may run code when they are loaded, by content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from whet.data.durable import locked, read_json, write_json
from whet.data.errors import InputError, StoreError
from whet.data.identity import fresh_digest
from whet.data.user_folders import user_data

FORMAT = 1
YOU, HERE = "trusted by you", "made here"


@dataclass(frozen=True)
class TrustedFile:
    """An entry of the list. name: the file's when it was entered. date: of that day, ISO 8601. by: YOU or HERE."""

    sha256: str
    name: str
    date: str
    by: str


class TrustedFiles:
    """The list, kept for this user in `trusted.json` of Whet's data folder; every interpreter of theirs reads it.

    A file is in it by its SHA-256: a changed file is not, a renamed copy is. Entered are the files that the user
    trusts and those that a step of theirs made from such a file.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_data() / "whet" / "trusted.json"

    @property
    def entries(self) -> list[TrustedFile]:
        """All entries, in the order in which they were made. StoreError where the list is damaged."""
        if not self.path.is_file():
            return []
        content = read_json(self.path)
        try:
            if content["format"] == FORMAT:
                return [TrustedFile(sha256, **entry) for sha256, entry in content["files"].items()]
        except (KeyError, TypeError, AttributeError):
            pass
        hint = "Remove the file, and trust again what you need"
        raise StoreError("this is no list of trusted files of this version of Whet", where=str(self.path), hint=hint)

    def voucher(self, sha256: str) -> str:
        """`trusted by you` or `made here`, with the date; empty where the content is not in the list."""
        return next((f"{entry.by} on {entry.date}" for entry in self.entries if entry.sha256 == sha256), "")

    def __contains__(self, sha256: str) -> bool:
        return bool(self.voucher(sha256))

    def add(self, paths: Iterable[Path], by: str = YOU) -> list[TrustedFile]:
        """Enters the content that the files have now; gives their entries, new or old.

        Opens none of them in any other way. Raises InputError where one is missing, StoreError where the list cannot
        be written; nothing is entered then.
        """
        from datetime import date

        found = []
        for path in paths:
            if not path.is_file():
                raise InputError("there is no such file", where=str(path))
            found.append(TrustedFile(fresh_digest(path), path.name, date.today().isoformat(), by))
        with self._changing() as known:
            for entry in found:
                known.setdefault(entry.sha256, entry)
            return [known[entry.sha256] for entry in found]

    def named(self, given: str) -> TrustedFile:
        """The entry of a file, or of the beginning (8 digits or more) of a SHA-256. InputError where there is none."""
        path = Path(given).expanduser()
        start = fresh_digest(path) if path.is_file() else given
        found = [entry for entry in self.entries if len(start) >= 8 and entry.sha256.startswith(start)]
        if len(found) != 1:
            why = "several trusted files begin so" if found else "this is not a trusted file"
            raise InputError(why, where=given, hint="`whet models trust --list` lists them")
        return found[0]

    def remove(self, sha256s: Iterable[str]) -> list[TrustedFile]:
        """Takes contents off the list; gives the entries that were there."""
        with self._changing() as known:
            return [known.pop(sha256) for sha256 in sha256s if sha256 in known]

    @contextmanager
    def _changing(self) -> Iterator[dict[str, TrustedFile]]:
        """The entries by SHA-256, to be changed while no other process does; then written, all or nothing."""
        with locked(self.path.with_suffix(".lock")):
            known = {entry.sha256: entry for entry in self.entries}
            before = dict(known)
            yield known
            if known != before:
                files = {key: {"name": it.name, "date": it.date, "by": it.by} for key, it in known.items()}
                write_json(self.path, {"format": FORMAT, "files": files})
