"""Verification: what of a store is damaged, found by content, and what to do about it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from whet.data.durable import read_json
from whet.data.errors import StoreError
from whet.data.identity import forget_digests
from whet.labels import label_log
from whet.labels.label_log import look_into
from whet.labels.label_rows import MEND
from whet.labels.label_verification import DamagedLabel, verify_labels
from whet.running.label_use import label_users
from whet.running.left_out import left_out
from whet.running.leftovers import Leftover, leftovers
from whet.running.move_marks import refuse_moved
from whet.running.step import KEY
from whet.running.store import FORMAT, Store

RUN = "The next `whet run` of its study makes it anew"
ANEW = "The next `whet run` of its study writes it anew"
KEPT = "The next `whet run` keeps the labels that are whole; the others are computed again"


@dataclass(frozen=True)
class Damage:
    """kind: store, step, recipe, label, label-log, label-store or plan. where: key, or path in the store.

    title: what people call it. what: is wrong with it. remedy: what to do. used_by: titles of steps that used a label.
    """

    kind: str
    where: str
    title: str
    what: str
    remedy: str
    used_by: tuple[str, ...] = ()


@dataclass
class Verification:
    """steps, labels: numbers of those that were looked at. unfinished: steps without a result.

    busy: steps that a process holds. waiting: step -> labels in its log that are not in the label store yet. left_out:
    files that whoever exported the store left out on purpose.
    """

    store: Path
    steps: int = 0
    unfinished: int = 0
    labels: int = 0
    plans: int = 0
    left_out: int = 0
    damaged: list[Damage] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    busy: list[str] = field(default_factory=list)
    leftovers: list[Leftover] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damaged

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        own = {key: value for key, value in vars(self).items() if key not in ("store", "damaged", "leftovers")}
        rest = [{**asdict(one), "path": str(one.path)} for one in self.leftovers]
        damaged = [asdict(one) for one in self.damaged]
        return {"store": str(self.store), "whole": self.is_whole, **own, "damaged": damaged, "leftovers": rest}


def verify(
    store: Store, keys: Iterable[str] | None = None, progress: Callable[[int, int], None] = lambda done, total: None
) -> Verification:
    """Looks at steps, their label logs, and all labels, by content. keys: of the steps; by default all.

    Nothing is changed, but for the time of modification of a damaged file: by it the next run knows that it has to look
    into this one. progress: of steps and labels together. Raises StoreError where there is no store.
    """
    if not store.root.is_dir():
        raise StoreError("there is no such store", where=str(store.root), hint="Give its folder, or a study file")
    refuse_moved(store.root)
    forget_digests()
    found = Verification(store.root, damaged=list(_marker(store)))
    there = sorted(path.name for path in (store.root / "steps").glob("*") if KEY.fullmatch(path.name))
    chosen = there if keys is None else sorted(set(there).intersection(keys))
    try:
        total = len(chosen) + len(store.labels.rows)
    except StoreError:  # it is told below
        total = len(chosen)
    missing = left_out(store.root)
    for index, key in enumerate(chosen):
        _look_at(store, key, missing, found)
        progress(index + 1, total)
    checked = verify_labels(store.labels, lambda labels: progress(len(chosen) + labels, total))
    found.labels = checked.labels
    path = store.labels.path.name
    found.damaged += [Damage("label-store", path, "the label store", what, MEND) for what in checked.file]
    if checked.damaged:
        found.damaged += _labels(store, checked.damaged)
    found.leftovers = list(leftovers(store.root))
    return found


def _marker(store: Store) -> Iterator[Damage]:
    path = store.root / "store.json"
    remedy = f'Where this is a store of this version of Whet, write {{"format": {FORMAT}}} into it'
    try:
        said = read_json(path) if path.exists() else None
        if isinstance(said, dict) and "moving_from" in said:
            what = f"it is not whole: it is being moved from {said['moving_from']}"
            yield Damage(
                "store",
                path.name,
                "the store",
                what,
                "Run the same `whet store move` again, or take it back with --cancel",
            )
            return
        if not isinstance(said, dict) or said.get("format") not in (1, FORMAT):
            yield Damage("store", path.name, "the store", "the file does not say the store's format", remedy)
    except StoreError as error:
        yield Damage("store", path.name, "the store", error.what, remedy)


def _look_at(store: Store, key: str, missing: frozenset[str], found: Verification) -> None:
    found.steps += 1
    if _is_busy(store, key):
        found.busy.append(key)
        return
    folder = Path("steps", key)
    title = key
    try:
        title = store.step(key).title or key
    except StoreError as error:
        found.damaged.append(Damage("recipe", str(folder / "step.json"), title, error.what, ANEW))
    if not store.is_done(key):
        found.unfinished += 1
        if (store.folder(key) / "result.json").exists():
            found.damaged.append(Damage("step", key, title, "its result is empty", RUN))
    elif damage := store.damage(key, thoroughly=True, without=missing):
        remedy = RUN if _mark(store, key) else f"Remove {folder / 'result.json'}; then: {RUN[0].lower()}{RUN[1:]}"
        found.damaged.append(Damage("step", key, title, damage, remedy))
    else:
        found.left_out += sum(ref.path in missing for _, ref in store.files_of(key, store.result(key)))
    log = store.folder(key) / label_log.NAME
    if log.is_file():
        labels, damage = look_into(log, store.labels)
        found.waiting[key] = labels
        found.damaged += [Damage("label-log", str(folder / log.name), title, what, KEPT) for what in damage]


def _is_busy(store: Store, key: str) -> bool:
    try:
        return store.is_busy(key)
    except StoreError:  # this user may only read
        return False


def _mark(store: Store, key: str) -> bool:
    """Makes the step's files newer than its result where they are damaged, so that the next run looks into them."""
    if not store.damage(key):
        result = store.folder(key) / "result.json"
        now = max(time.time_ns(), result.stat().st_mtime_ns + 1_000_000_000)
        for _, ref in store.files_of(key, store.result(key)):
            with suppress(OSError):
                os.utime(store.root / ref.path, ns=(now, now))
    return bool(store.damage(key))


def _labels(store: Store, damaged: list[DamagedLabel]) -> Iterator[Damage]:
    users = label_users(store, {one.frame for one in damaged})
    for one in damaged:
        used = users.get(one.frame, [])
        formula = one.formula or next((use.formula for use in used), "unknown formula")
        titles = tuple(dict.fromkeys(use.title for use in used))
        yield Damage("label", one.frame, f"{formula}, {one.theory}", one.what, MEND, titles)
