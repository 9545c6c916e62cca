"""cancel_move: a store whose move was broken off stays where it was."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from whet.data.durable import unwritable, write_json
from whet.data.errors import InputError, StoreError
from whet.data.partials import remove_all_dead
from whet.running.move_marks import MARKER, NOTE, marker_of, plain
from whet.running.moving import held_for_moving
from whet.running.tree import files_in


@dataclass(frozen=True)
class Cancelled:
    """target: where the store was to be. files: copies that were removed there. left: what is there and no copy."""

    store: Path
    target: Path
    files: int
    left: tuple[Path, ...] = ()


def cancel_move(store: str | Path) -> Cancelled:
    """Takes the move of a store back: what was copied is removed, and the store can be used where it is.

    Of the store itself nothing is touched but its marker; of the other folder nothing but what has a file of the same
    name in the store. Broken off, the same call goes on. Raises InputError where no move was begun, or where the other
    store is the whole one already, StoreError where a process moves it at this moment, or a disk refuses.
    """
    root = Path(store).resolve()
    said = marker_of(root)
    if "moving_from" in said:  # they named the copy
        root = Path(said["moving_from"])
        said = marker_of(root)
    if "moving_to" not in said:
        raise InputError("the store is not being moved", where=str(root), hint="Then there is nothing to take back")
    try:
        with held_for_moving(root):
            return _cancelled(root)
    except OSError as error:
        if isinstance(error, StoreError) or error.errno is None:
            raise
        raise unwritable(Path(error.filename or root), error) from error


def _cancelled(root: Path) -> Cancelled:
    said = marker_of(root)
    target = Path(said["moving_to"])
    there = marker_of(target) if target != root else {}
    is_copy = bool(there) and there.get("move") == said.get("move")
    if is_copy and "moved_from" in there:
        hint = f"Go on with: whet store move {root} {target}; it can be moved back after that"
        raise InputError(f"all was copied, and the store is {target} now", where=str(root), hint=hint)
    removed, left = _remove(target, root) if is_copy else (0, ())
    write_json(root / MARKER, plain(said))
    return Cancelled(root, target, removed, left)


def _remove(copy: Path, original: Path) -> tuple[int, tuple[Path, ...]]:
    """How many copies were removed, and what else is there. Last goes the marker, by which a second call knows it."""
    remove_all_dead(copy)
    own = (Path(MARKER), Path(NOTE))
    ours = set(files_in(original))
    copies = [path for path in files_in(copy) if path in ours and path not in own]
    for path in copies:
        (copy / path).unlink()
    for folder, _, _ in os.walk(copy, topdown=False):
        if Path(folder) != copy:
            with suppress(OSError):  # something is left in it
                Path(folder).rmdir()
    left = tuple(copy / path for path in files_in(copy) if path not in own)
    (copy / MARKER).unlink()
    with suppress(OSError):
        copy.rmdir()
    return len(copies), left
