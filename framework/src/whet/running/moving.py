"""move_store: to another disk, and nothing is lost whenever that is broken off: the same call goes on."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.data.durable import read_json, sync_folder, unwritable, write_json
from whet.data.errors import InputError, StoreError
from whet.data.partials import remove_all_dead
from whet.running.at_work import others_at_work
from whet.running.leftovers import size_of
from whet.running.store import Store
from whet.running.tree import copy_file, files_in, is_copied, looks_copied

Progress = Callable[[str, int, int], None]
"""What is done to the files (`copied`, `compared`, `removed`), how many are done, of how many."""

MARKER = "store.json"

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
    content, and then removed where they were.

    Broken off at any moment, one of the two is whole, nobody can write into either, and the same call goes on. Raises
    InputError where `to` is something else than a new place, StoreError where a process uses the store, the disk
    refuses, or a copy is not what it should be.
    """
    move = _Move(Path(store).resolve(), Path(to).resolve(), progress)
    try:
        return move()
    except OSError as error:
        if isinstance(error, StoreError) or error.errno is None:
            raise
        raise unwritable(Path(error.filename or move.target), error) from error


class _Move:
    def __init__(self, source: Path, target: Path, progress: Progress) -> None:
        self.source, self.target, self.progress = source, target, progress

    def __call__(self) -> Moved:
        said, there = _said(self.source), _said(self.target)
        if not said and there.get("moving_to") == str(self.target):  # renamed, and then killed
            return self._renamed()
        if not said and there.get("moved_from") == str(self.source):  # all was done but the last folder
            with suppress(OSError):
                self.source.rmdir()
            return Moved(self.target, len(files_in(self.target)), size_of(self.target))
        self._check(said, there)
        ours = said.get("move", "")
        if not ours:
            Store(self.source).prepare()  # of this format
            ours = uuid.uuid4().hex
        # First the word that lets nobody in, then a look for those who came in before.
        write_json(self.source / MARKER, {**_plain(said), "moving_to": str(self.target), "move": ours})
        if there.get("move") != ours or "moved_from" not in there:
            try:
                self._refuse_users()
            except StoreError:
                if not there:
                    write_json(self.source / MARKER, _plain(said))
                raise
            if not there and _on_one_disk(self.source, self.target):
                self.target.parent.mkdir(parents=True, exist_ok=True)
                self.source.rename(self.target)
                sync_folder(self.target.parent)
                return self._renamed()
            self._copy(ours)
        return self._removed()

    def _check(self, said: dict[str, Any], there: dict[str, Any]) -> None:
        """Raises InputError, StoreError."""
        if not said:
            raise InputError("there is no store", where=str(self.source), hint="A store has a store.json")
        if self.source == self.target or self.target.resolve().is_relative_to(self.source.resolve()):
            raise InputError("a store cannot be moved into itself", where=str(self.target), hint="Name another folder")
        going = said.get("moving_to")
        if going and going != str(self.target):
            hint = f"Go on with: whet store move {self.source} {going}"
            raise InputError(f"the store is being moved to {going} already", where=str(self.source), hint=hint)
        if "moving_from" in said:
            hint = f"Go on with: whet store move {said['moving_from']} {self.source}"
            raise InputError("this is a store that is not whole yet", where=str(self.source), hint=hint)
        ours = bool(going) and there.get("move") == said.get("move")
        if not ours and self.target.exists() and not (self.target.is_dir() and not any(self.target.iterdir())):
            raise InputError("something is there already", where=str(self.target), hint="Name a new folder")

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
        said = _said(self.target)
        write_json(self.target / MARKER, _plain(said))
        return Moved(self.target, len(files_in(self.target)), size_of(self.target))

    def _copy(self, ours: str) -> None:
        """Until the new store is whole, and is the store."""
        write_json(self.target / MARKER, {"format": 0, "moving_from": str(self.source), "move": ours})
        remove_all_dead(self.target)
        labels = Store(self.source).labels
        len(labels.rows)  # takes back a write that was broken off
        before = _seen(labels.path)
        paths = _in_order(self.source)
        self._check_room(paths)
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
            plain = _plain(_said(self.source))
            write_json(self.target / MARKER, {**plain, "moved_from": str(self.source), "move": ours})

    def _check_room(self, paths: Iterable[Path]) -> None:
        """StoreError where what is not there yet does not fit."""
        missing = [path for path in paths if not looks_copied(self.source / path, self.target / path)]
        needed = sum(size_of(self.source / path) for path in missing)
        free = shutil.disk_usage(self.target).free
        if needed > free:
            what = f"{needed / 1e9:.1f} GB are to be copied, and {free / 1e9:.1f} GB are free"
            raise StoreError(what, where=str(self.target), hint="Free some space, or `whet store prune` first")

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
        paths = files_in(self.target)
        copied = {*paths, Path(MARKER)}
        there = [path for path in files_in(self.source) if path in copied or path.suffix == ".lock"]
        remove_all_dead(self.source)
        there.remove(Path(MARKER))
        for index, path in enumerate(there):
            (self.source / path).unlink(missing_ok=True)
            self.progress("removed", index + 1, len(there))
        for folder, _, _ in os.walk(self.source, topdown=False):
            if Path(folder) != self.source:
                with suppress(OSError):  # something is left in it
                    Path(folder).rmdir()
        left = [self.source / path for path in files_in(self.source) if path != Path(MARKER)]
        if not left:
            (self.source / MARKER).unlink(missing_ok=True)
            with suppress(OSError):
                self.source.rmdir()
        return Moved(self.target, len(paths), size_of(self.target), tuple(left))


def _said(root: Path) -> dict[str, Any]:
    """What a store's marker says; nothing where there is none. StoreError where it is damaged."""
    path = root / MARKER
    said = read_json(path) if path.is_file() else {}
    if not isinstance(said, dict):
        raise StoreError("the file does not say the store's format", where=str(path))
    return said


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    """The marker of a store that stays where it is."""
    return {key: value for key, value in said.items() if key not in ("moving_to", "moving_from", "moved_from", "move")}


def _in_order(root: Path) -> list[Path]:
    """What is copied, in this order."""
    paths = [path for path in files_in(root) if path != Path(MARKER) and path.suffix != ".lock"]
    return sorted(paths, key=lambda path: path.parts[0] in LAST)


def _steps(root: Path) -> list[str]:
    return sorted(path.parent.name for path in (root / "steps").glob("*/.lock"))


def _seen(path: Path) -> tuple[int, int]:
    about = path.stat() if path.exists() else None
    return (about.st_size, about.st_mtime_ns) if about else (0, 0)


def _on_one_disk(source: Path, target: Path) -> bool:
    above = next(path for path in (target, *target.parents) if path.exists())
    return source.stat().st_dev == above.stat().st_dev
