"""move_store: to another disk, and nothing is lost whenever that is broken off: the same call goes on."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.data.durable import locked, sync_folder, unwritable, write_json
from whet.data.errors import InputError, StoreError
from whet.data.numbers import amount
from whet.data.partials import remove_all_dead
from whet.running.at_work import others_at_work
from whet.running.leftovers import size_of
from whet.running.move_marks import MARKER, NOTE, leave_note, marker_of, plain, refuse_moved
from whet.running.store import Store
from whet.running.tree import copy_file, files_in, is_copied, looks_copied

Progress = Callable[[str, int, int], None]
"""What is done to the files (`copied`, `compared`, `removed`), how many are done, of how many."""

LOCK = "move.lock"
"""Held by the process that moves the store, or that takes that back."""

CANCEL = "whet store move --cancel"

LAST = ("plans",)
"""Folders that are copied last: without a plan, nobody takes a store for a whole one."""


@dataclass(frozen=True)
class Moved:
    """files, size: how many, and how many bytes. left: what nobody copied, and that stays where it was."""

    store: Path
    files: int
    size: int
    left: tuple[Path, ...] = ()


def move_store(store: str | Path, to: str | Path, progress: Progress = lambda what, done, total: None) -> Moved:
    """Moves a store as a whole. On one disk its folder gets another name; else all files are copied, compared by
    content, and then removed where they were. A note at the old place says where the store is.

    Broken off at any moment, one of the two is whole, nobody can write into either, and the same call goes on. Where it
    raises before anything was copied, all is as before. Raises InputError where `to` is something else than a new
    place, StoreError where a process uses the store, the disk refuses or has no room, or a copy is not what it should
    be.
    """
    move = _Move(Path(store).resolve(), Path(to).resolve(), progress)
    try:
        return move()
    except OSError as error:
        if isinstance(error, StoreError) or error.errno is None:
            raise
        raise unwritable(Path(error.filename or move.target), error) from error


def held_for_moving(store: Path) -> AbstractContextManager[None]:
    """Holds the store for a process that moves it, or that takes that back. StoreError where another one does."""
    busy = StoreError("another process is moving the store", where=str(store), hint="Wait for it, or end it")
    return locked(store / LOCK, busy=busy)


class _Move:
    def __init__(self, source: Path, target: Path, progress: Progress) -> None:
        self.source, self.target, self.progress = source, target, progress
        self.made: list[Path] = []
        """Folders that were made for the new store."""

    def __call__(self) -> Moved:
        if not marker_of(self.source):
            there = marker_of(self.target)
            if there.get("moving_to") == str(self.target):  # renamed, and then killed
                return self._renamed()
            if there.get("moved_from") == str(self.source):  # all was done, but for the last folder
                return Moved(self.target, len(files_in(self.target)), size_of(self.target), self._left())
            refuse_moved(self.source)
            raise InputError("there is no store", where=str(self.source), hint="A store has a store.json")
        with held_for_moving(self.source):
            said, there = marker_of(self.source), marker_of(self.target)
            self._check(said, there)
            try:
                return self._move(said, there)
            except BaseException:
                with suppress(OSError):  # what was wrong first is to be told
                    self._take_back()
                raise

    def _move(self, said: dict[str, Any], there: dict[str, Any]) -> Moved:
        ours = said.get("move", "")
        if not ours:
            Store(self.source).prepare()  # of this format
            ours = uuid.uuid4().hex
        is_whole = there.get("move") == ours and "moved_from" in there
        on_one_disk = not there and _on_one_disk(self.source, self.target)
        if not is_whole:
            self._make_place(needed=0 if on_one_disk else self._missing())
        # First the word that lets nobody in, then a look for those who came in before.
        write_json(self.source / MARKER, {**plain(said), "moving_to": str(self.target), "move": ours})
        if not is_whole:
            self._refuse_users()
            if on_one_disk:
                (self.target / NOTE).unlink(missing_ok=True)
                self.source.rename(self.target)
                sync_folder(self.target.parent)
                return self._renamed()
            self._copy(ours)
        return self._removed()

    def _check(self, said: dict[str, Any], there: dict[str, Any]) -> None:
        """Raises InputError."""
        if self.source == self.target or self.target.resolve().is_relative_to(self.source.resolve()):
            raise InputError("a store cannot be moved into itself", where=str(self.target), hint="Name another folder")
        going = said.get("moving_to")
        if going and going != str(self.target):
            hint = f"Go on with: whet store move {self.source} {going}; or take it back: {CANCEL} {self.source}"
            raise InputError(f"the store is being moved to {going} already", where=str(self.source), hint=hint)
        if origin := said.get("moving_from"):
            hint = f"Go on with: whet store move {origin} {self.source}; or take it back: {CANCEL} {origin}"
            raise InputError("this is a store that is not whole yet", where=str(self.source), hint=hint)
        ours = bool(going) and there.get("move") == said.get("move")
        if not ours and self.target.exists() and not _is_free(self.target):
            raise InputError("something is there already", where=str(self.target), hint="Name a new folder")

    def _make_place(self, needed: int) -> None:
        """The new folder. StoreError where it cannot be written, or has no room for so many bytes."""
        missing = [path for path in (self.target, *self.target.parents) if not path.exists()]
        for path in reversed(missing):
            try:
                path.mkdir()
            except OSError as error:
                raise unwritable(path, error) from error
            self.made.append(path)
        try:
            tempfile.TemporaryFile(dir=self.target).close()
        except OSError as error:
            raise unwritable(self.target, error) from error
        free = shutil.disk_usage(self.target).free
        if needed > free:
            what = f"{amount(needed)} are to be copied, and {amount(free)} are free"
            raise StoreError(what, where=str(self.target), hint="Free some space, or `whet store prune` first")

    def _missing(self) -> int:
        """Bytes that are to be copied yet."""
        pairs = [(self.source / path, self.target / path) for path in _in_order(self.source)]
        return sum(size_of(source) for source, target in pairs if not looks_copied(source, target))

    def _take_back(self) -> None:
        """All as before, where nothing was copied yet."""
        there = marker_of(self.target)
        if "moved_from" in there or {*files_in(self.target)} - {Path(MARKER), Path(NOTE)}:
            return
        if "moving_from" in there:
            (self.target / MARKER).unlink()
        for path in reversed(self.made):
            with suppress(OSError):
                path.rmdir()
        said = marker_of(self.source)
        if said.get("moving_to") == str(self.target):
            write_json(self.source / MARKER, plain(said))

    def _refuse_users(self) -> None:
        """StoreError where a process works in the store, or holds a step."""
        store = Store(self.source)
        users = others_at_work(self.source)
        users += [f"a process that holds the step {key}" for key in _steps(self.source) if store.is_busy(key)]
        if users:
            more = f" and {len(users) - 3} more" if len(users) > 3 else ""
            what = f"the store is in use, by {', '.join(users[:3])}{more}"
            raise StoreError(what, where=str(self.source), hint="Wait for it, or end it; then move the store")

    def _renamed(self) -> Moved:
        leave_note(self.source, self.target)
        (self.target / LOCK).unlink(missing_ok=True)
        said = marker_of(self.target)
        write_json(self.target / MARKER, plain(said))
        return Moved(self.target, len(files_in(self.target)), size_of(self.target))

    def _copy(self, ours: str) -> None:
        """Until the new store is whole, and is the store."""
        write_json(self.target / MARKER, {"format": 0, "moving_from": str(self.source), "move": ours})
        remove_all_dead(self.target)
        labels = Store(self.source).labels
        len(labels.rows)  # takes back a write that was broken off
        before = _seen(labels.path)
        paths = _in_order(self.source)
        for index, path in enumerate(paths):
            if not looks_copied(self.source / path, self.target / path):
                copy_file(self.source / path, self.target / path)
            self.progress("copied", index + 1, len(paths))
        for index, path in enumerate(paths):
            self._compare(path)
            self.progress("compared", index + 1, len(paths))
        with labels.rows.retiring():
            if _seen(labels.path) != before:
                hint = "Run the same command again: it goes on from here"
                raise StoreError("a label arrived while the store was copied", where=str(labels.path), hint=hint)
            said = plain(marker_of(self.source))
            write_json(self.target / MARKER, {**said, "moved_from": str(self.source), "move": ours})

    def _compare(self, path: Path) -> None:
        source, target = self.source / path, self.target / path
        if is_copied(source, target):
            return
        copy_file(source, target)  # it was changed since, or the disk forgot something
        if not is_copied(source, target):
            hint = "The disk may be failing; the old store is whole"
            raise StoreError("the copy is not what was copied", where=str(target), hint=hint)

    def _removed(self) -> Moved:
        """The end: what was copied goes from the old place. What others put there since stays."""
        (self.target / NOTE).unlink(missing_ok=True)  # of a store that went from there
        paths = files_in(self.target)
        copied = {*paths, Path(MARKER)}
        there = [path for path in files_in(self.source) if path in copied or path.suffix == ".lock"]
        remove_all_dead(self.source)
        there.remove(Path(MARKER))
        leave_note(self.source, self.target)
        for index, path in enumerate(there):
            (self.source / path).unlink(missing_ok=True)
            self.progress("removed", index + 1, len(there))
        for folder, _, _ in os.walk(self.source, topdown=False):
            if Path(folder) != self.source:
                with suppress(OSError):  # something is left in it
                    Path(folder).rmdir()
        (self.source / MARKER).unlink(missing_ok=True)
        return Moved(self.target, len(paths), size_of(self.target), self._left())

    def _left(self) -> tuple[Path, ...]:
        """What nobody copied."""
        here = files_in(self.source) if self.source.is_dir() else []
        return tuple(self.source / path for path in here if path.name not in (MARKER, NOTE) and path.suffix != ".lock")


def _in_order(root: Path) -> list[Path]:
    """What is copied, in this order."""
    paths = [path for path in files_in(root) if path != Path(MARKER) and path.suffix != ".lock"]
    return sorted(paths, key=lambda path: path.parts[0] in LAST)


def _is_free(target: Path) -> bool:
    """Whether nothing is there, but for the note of a store that went from there."""
    return target.is_dir() and {path.name for path in target.iterdir()} <= {NOTE}


def _steps(root: Path) -> list[str]:
    return sorted(path.parent.name for path in (root / "steps").glob("*/.lock"))


def _seen(path: Path) -> tuple[int, int]:
    about = path.stat() if path.exists() else None
    return (about.st_size, about.st_mtime_ns) if about else (0, 0)


def _on_one_disk(source: Path, target: Path) -> bool:
    above = next(path for path in (target, *target.parents) if path.exists())
    return source.stat().st_dev == above.stat().st_dev
