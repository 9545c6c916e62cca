"""Pruning: what of a store no study needs that is to be kept; listed first, removed when that is asked for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whet.data.durable import unwritable
from whet.data.errors import InputError, StoreError, suggestion
from whet.labels import label_log
from whet.labels.label_log import look_into
from whet.running.leftovers import PRUNED, Leftover, leftovers, size_of
from whet.running.removal import empty_removed, remove_step
from whet.running.step import KEY
from whet.running.store import Store
from whet.study.stored_plan import StoredPlan


@dataclass(frozen=True)
class Unneeded:
    """A step that no study needs. size: bytes. labels: in its log, which go into the label store before it goes."""

    key: str
    kind: str
    title: str
    size: int
    is_done: bool
    labels: int


@dataclass
class Pruning:
    """steps: that may go. plans: files of plans that go with them, by the study's name. busy: keys of steps that no
    study needs, and that a process holds: they stay. leftovers: stay, unless they are named.
    """

    store: Store
    kept: int
    steps: list[Unneeded] = field(default_factory=list)
    plans: Mapping[Path, str] = field(default_factory=dict)
    busy: list[str] = field(default_factory=list)
    leftovers: list[Leftover] = field(default_factory=list)
    _seen: Mapping[str, int] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """Bytes that the steps take."""
        return sum(step.size for step in self.steps)

    def by_kind(self) -> list[tuple[str, int, int]]:
        """Kind of step, number, bytes; the largest first."""
        sizes, numbers = Counter[str](), Counter(step.kind for step in self.steps)
        for step in self.steps:
            sizes[step.kind] += step.size
        return [(kind, numbers[kind], size) for kind, size in sizes.most_common()]

    def named(self, words: Iterable[str]) -> list[Leftover]:
        """The leftovers of these kinds, or with these paths in the store. InputError for a word that names none."""
        found: dict[Path, Leftover] = {}
        for word in words:
            chosen = [one for one in self.leftovers if word in (one.kind, str(one.path.relative_to(self.store.root)))]
            if not chosen:
                known = sorted({one.kind for one in self.leftovers})
                hint = suggestion(word, known) or (f"There are: {', '.join(known)}" if known else "There is none")
                raise InputError(f"{word!r} names no leftover", where=str(self.store.root), hint=hint)
            found |= {one.path: one for one in chosen}
        return list(found.values())

    def remove(
        self, leftovers: Iterable[Leftover] = (), progress: Callable[[int, int], None] = lambda done, total: None
    ) -> list[str]:
        """Removes the steps, the plans and these leftovers; gives the keys of steps that stayed, as others hold them.

        Broken off at any moment, it leaves each step whole or gone. Raises StoreError where a study was run meanwhile:
        it may need what nobody needed; and where the disk refuses.
        """
        with self.store.at_work():
            return self._remove(leftovers, progress)

    def _remove(self, leftovers: Iterable[Leftover], progress: Callable[[int, int], None]) -> list[str]:
        stayed = []
        for path in self.plans:
            self._unlink(path)
        seen = {name: when for name, when in self._seen.items() if name not in {path.name for path in self.plans}}
        for index, step in enumerate(self.steps):
            if _plans_seen(self.store.root) != seen:
                hint = "Prune again: what is needed has changed"
                raise StoreError("a study was run in the store meanwhile", where=str(self.store.root), hint=hint)
            if not remove_step(self.store, step.key):
                stayed.append(step.key)
            progress(index + 1, len(self.steps))
        for one in leftovers:
            if one.kind != PRUNED:
                self._unlink(one.path)
        empty_removed(self.store)
        return stayed

    def _unlink(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(path, error) from error

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        root = self.store.root
        return {
            "store": str(root),
            "kept": self.kept,
            "size": self.size,
            "steps": [vars(step) for step in self.steps],
            "plans": {str(path.relative_to(root)): name for path, name in self.plans.items()},
            "busy": self.busy,
            "leftovers": [{**vars(one), "path": str(one.path.relative_to(root))} for one in self.leftovers],
        }


def prune_store(
    store: str | Path | Store,
    studies: Collection[StoredPlan],
    *,
    all_others: bool = False,
    keep_earlier: bool = False,
) -> Pruning:
    """What of a store none of these studies needs; labels are never among it. Nothing is removed: see `Pruning.remove`.

    studies: their plans, as they are now (`Study.load(...).stored.stored`). Plans in the store of the same names are of
    earlier versions of them, and go, unless keep_earlier. all_others: what only other studies need may go, too;
    otherwise InputError where there are any.
    """
    store = store if isinstance(store, Store) else Store(Path(store))
    if not studies:
        raise InputError("no study is named that is to be kept", where=str(store.root), hint="Give a study file")
    seen = _plans_seen(store.root)
    names, words = {one.name for one in studies}, {one.words for one in studies}
    plans, faults = StoredPlan.all_in(store.root)
    faults = [path for path in faults if path.stem not in {one[:24] for one in words}]  # that of a study that is given
    others = {one.name for one in plans.values()} - names
    if (others or faults) and not all_others:
        damaged = [f"a plan that is damaged ({path.name})" for path in faults]
        again = " (`whet run` writes a damaged plan anew)" if faults else ""
        hint = f"Give their study files, too{again}; or --all-others, to remove what only they need"
        what = f"others use the store: {', '.join([*sorted(others), *damaged])}"
        raise InputError(what, where=str(store.root), hint=hint)
    earlier = {path: one for path, one in plans.items() if one.name in names and one.words not in words}
    now = [one for one in plans.values() if one.words in words]
    needed = _needed(store, [*studies, *now, *(earlier.values() if keep_earlier else ())])
    goes = {path: one.name for path, one in plans.items() if one.name in others}
    goes |= {} if keep_earlier else {path: one.name for path, one in earlier.items()}
    goes |= dict.fromkeys(faults, "a plan that is damaged")
    found = Pruning(store, 0, plans=goes, leftovers=list(leftovers(store.root)), _seen=seen)
    titles = {key: step.title for one in plans.values() for key, step in one.plan.steps.items()}
    for path in sorted((store.root / "steps").glob("*")):
        key = path.name
        if not KEY.fullmatch(key):
            continue
        if key in needed:
            found.kept += 1
        elif store.is_busy(key):
            found.busy.append(key)
        else:
            found.steps.append(_unneeded(store, key, titles.get(key, "")))
    return found


def _unneeded(store: Store, key: str, title: str) -> Unneeded:
    folder = store.folder(key)
    if not title:
        with suppress(StoreError):
            title = store.step(key).title
    log = folder / label_log.NAME
    labels = look_into(log)[0] if log.is_file() else 0
    return Unneeded(key, key.rpartition("-")[0], title or key, size_of(folder), store.is_done(key), labels)


def _needed(store: Store, plans: Iterable[StoredPlan]) -> set[str]:
    """Keys of the steps in these plans, and of every other step that one of them names: in its recipe or its result."""
    found: set[str] = set()
    new = {key for one in plans for key in KEY.findall(json.dumps(one.as_json()))}
    while new:
        found |= new
        said = [_text(store.folder(key) / name) for key in new for name in ("step.json", "result.json")]
        new = {key for text in said for key in KEY.findall(text)} - found
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _plans_seen(root: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (root / "plans").glob("*.json")}
