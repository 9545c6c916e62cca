"""Store: a folder of steps and their results, and the labels. It can be moved as a whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from whet.contracts.component import Component, FileRef
from whet.data.durable import locked, read_json, unwritable, write_json
from whet.data.errors import InputError, StoreError
from whet.data.identity import JSON, file_digest, key_of
from whet.labels.label_store import LabelStore
from whet.running.at_work import at_work
from whet.running.move_marks import refuse_moved
from whet.running.step import KEY, Step

FORMAT = 2
"""Version of the store's layout."""

_BUSY = StoreError("another process holds the step")


@dataclass(frozen=True)
class Result:
    """What a finished step left.

    values: plain data. outputs: role -> file in the step's folder. component: the potential that it made, if any.
    content: identity of all this. fed_by: key -> content of each step that fed it when it ran. provenance: versions,
    interpreter, machine, device, seconds, time: recorded, never part of any identity.
    """

    values: Mapping[str, Any]
    outputs: Mapping[str, FileRef] = field(default_factory=dict)
    component: Component | None = None
    fed_by: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, JSON] = field(default_factory=dict)

    def __post_init__(self) -> None:
        mappings = (self.values, self.outputs, self.fed_by, self.provenance)
        if not all(isinstance(mapping, Mapping) for mapping in mappings):
            raise TypeError("a part of it is no mapping")

    @property
    def content(self) -> str:
        """Identity of the result: two runs of one recipe that differ, differ in it."""
        files = {role: ref.sha256 for role, ref in self.outputs.items()}
        return key_of([dict(self.values), files, self.component.identity() if self.component else None])

    def as_json(self) -> dict[str, JSON]:
        """Plain data; `Result.from_json` reads it back. `digest` is of all the rest: damage is not read as a number."""
        said = {
            "values": dict(self.values),
            "outputs": {role: {"sha256": ref.sha256, "path": ref.path} for role, ref in self.outputs.items()},
            "component": self.component.as_json() if self.component else None,
            "content": self.content,
            "fed_by": dict(self.fed_by),
            "provenance": dict(self.provenance),
        }
        return {**said, "digest": key_of(said)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, checked: bool = True) -> Result:
        """The result that `as_json` described. KeyError, TypeError or ValueError where it is damaged.

        checked: against what it says of its content; without, a file that was changed is not noticed.
        """
        result = cls(
            values=data["values"],
            outputs={role: FileRef(**ref) for role, ref in data["outputs"].items()},
            component=Component.from_json(data["component"]) if data["component"] else None,
            fed_by=data["fed_by"],
            provenance=data["provenance"],
        )
        if not checked:
            return result
        rest = {key: value for key, value in data.items() if key != "digest"}
        # One from before there was a digest says its content at least.
        if result.content != data["content"] or ("digest" in data and key_of(rest) != data["digest"]):
            raise ValueError("it is not what was written")
        return result


class Store:
    """`steps/KEY/` with step.json, result.json, log.txt and the outputs; `labels.sqlite`, the label store."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def prepare(self) -> None:
        """Creates the store where there is none. StoreError where it cannot be written or is of another format."""
        marker = self.root / "store.json"
        if not marker.exists():
            refuse_moved(self.root)
            self._check_new()
            write_json(marker, {"format": FORMAT})
        said = read_json(marker)
        if isinstance(said, dict) and (other := said.get("moving_to") or said.get("moving_from")):
            what = f"the store {'is being moved to' if 'moving_to' in said else 'is not whole: it is being moved from'}"
            hint = "Run the same `whet store move` again: it goes on from where it was; or take it back with --cancel"
            raise StoreError(f"{what} {other}", where=str(self.root), hint=hint)
        if isinstance(said, dict) and said.get("format") == 1:
            self._migrate(marker)
            return
        if not isinstance(said, dict) or "format" not in said:
            hint = f'Where this folder is a store of Whet\'s, write {{"format": {FORMAT}}} into it; else choose another'
            raise StoreError("the file does not say the store's format", where=str(marker), hint=hint)
        if said["format"] != FORMAT:
            what = f"the store has format {said['format']!r:.40}; this version of Whet reads {FORMAT}"
            raise StoreError(what, where=str(self.root), hint="Choose another folder, or install the other version")

    @contextmanager
    def at_work(self) -> Iterator[Path]:
        """While this process drives a run here, or gets labels: the store is there, and nobody moves it meanwhile.

        Gives the file that says so. Raises as `prepare`.
        """
        self.prepare()
        with at_work(self.root) as path:
            self.prepare()  # it may have begun to be moved in between
            yield path

    def _migrate(self, marker: Path) -> None:
        from whet.running.migration import migrate

        with locked(self.root / "migration.lock"):
            if read_json(marker) != {"format": FORMAT}:  # another process may have done it meanwhile
                migrate(self.root)
                write_json(marker, {"format": FORMAT})

    def _check_new(self) -> None:
        """StoreError where the folder has things of other people's under the names that a store needs."""
        steps, label_store = self.root / "steps", self.root / "labels.sqlite"
        strange = [steps] if steps.exists() and not steps.is_dir() else []
        strange += [one for one in (steps.iterdir() if steps.is_dir() else ()) if not KEY.fullmatch(one.name)]
        if label_store.exists() and not (label_store.is_file() and _is_label_store(label_store)):
            strange.append(label_store)
        if strange:
            hint = "Choose another folder for the store"
            raise StoreError(
                "this is not Whet's, and stands where a store has its own", where=str(strange[0]), hint=hint
            )

    @cached_property
    def labels(self) -> LabelStore:
        """The labels of every study that uses this store."""
        return LabelStore(self.root / "labels.sqlite")

    def folder(self, key: str) -> Path:
        """The step's folder, which may not exist yet."""
        return self.root / "steps" / key

    def describe(self, step: Step) -> Path:
        """Writes step.json where no sound one is, so that a worker can run the step; gives the folder."""
        folder = self.folder(step.key)
        path = folder / "step.json"
        if path.is_file():
            with suppress(StoreError):  # a damaged one, which those that this step feeds could not read
                self.step(step.key)
                return folder
        write_json(path, step.as_json(), durably=False)  # what a power cut leaves of it is looked at, as above
        return folder

    def step(self, key: str) -> Step:
        """The step of that key. StoreError where it was never described here or does not match its folder."""
        path = self.folder(key) / "step.json"
        hint = "Run the study again: it is written anew"
        try:
            step = Step.from_json(read_json(path, hint=hint))
            found = step.key
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise StoreError(f"the recipe is damaged ({_said(error)})", where=str(path), hint=hint) from error
        if found != key:
            raise StoreError(f"the recipe was changed: its key is now {found}", where=str(path), hint=hint)
        return step

    def is_done(self, key: str) -> bool:
        """Whether the step has a result."""
        path = self.folder(key) / "result.json"
        return path.is_file() and path.stat().st_size > 0

    def result(self, key: str, *, checked: bool = True) -> Result:
        """The step's result. StoreError where there is none, or it is damaged. checked: see `Result.from_json`."""
        path = self.folder(key) / "result.json"
        if not path.is_file():
            raise StoreError("the step has no result yet", where=key)
        try:
            return Result.from_json(read_json(path), checked=checked)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            hint = "Remove the file and run again: labels stay in the label store"
            raise StoreError(f"the result is damaged ({_said(error)})", where=str(path), hint=hint) from error

    def keep(self, key: str, result: Result) -> None:
        """Writes the result: the last act of a step, all or nothing."""
        # As it will be read: JSON has no tuples, and no keys but text.
        plain = {name: json.loads(json.dumps(dict(getattr(result, name)))) for name in ("values", "provenance")}
        write_json(self.folder(key) / "result.json", replace(result, **plain).as_json())

    def reference(self, path: Path) -> FileRef:
        """A reference to a file of this store that stays right when the store is moved."""
        return FileRef(file_digest(path), str(path.resolve().relative_to(self.root.resolve())))

    def output(self, key: str, role: str, result: Result) -> Path:
        """A file that a step left. InputError where it is gone or was changed, KeyError where there is no such role."""
        try:
            return result.outputs[role].locate(self.root)
        except InputError as error:
            error.hint = f"Remove the folder {self.folder(key)} and run again: labels stay in the label store"
            raise

    def files_of(self, key: str, result: Result) -> list[tuple[str, FileRef]]:
        """What a step left in the store, with its role: its outputs, and files of the potential that it made."""
        made = _files_of(result.component) if result.component else ()
        own = [(role, ref) for role, ref in made if Path(ref.path).parts[:2] == ("steps", key)]
        known = {ref.path for ref in result.outputs.values()}
        return [*result.outputs.items(), *((role, ref) for role, ref in own if ref.path not in known)]

    def damage(self, key: str, *, thoroughly: bool = False, without: Collection[str] = ()) -> str:
        """What is wrong with a finished step, in words; empty where nothing is.

        Files are looked into where they were written after the result, and all of them `thoroughly`. without: paths of
        those that need not be there.
        """
        try:
            result = self.result(key)
        except StoreError as error:
            return error.what
        path = self.folder(key) / "result.json"
        for role, ref in self.files_of(key, result):
            output = self.root / ref.path
            if ref.path in without and not output.exists():
                continue
            try:
                if thoroughly or output.is_dir() or output.stat().st_mtime_ns > path.stat().st_mtime_ns:
                    ref.locate(self.root)
            except FileNotFoundError:
                return f"its {role} is gone ({ref.path})"
            except (InputError, StoreError) as error:
                return f"its {role}: {error.what} ({ref.path})"
            except OSError as error:
                return f"its {role}: {error}"
        return ""

    def discard(self, key: str) -> None:
        """Forgets the result of a step that is damaged, with the outputs that are not what they were.

        Its labels stay: they are in the label store. StoreError where that cannot be written.
        """
        outputs: list[FileRef] = []
        with suppress(StoreError):
            outputs = [ref for _, ref in self.files_of(key, self.result(key))]
        try:
            (self.folder(key) / "result.json").unlink(missing_ok=True)
            for ref in outputs:
                try:
                    ref.locate(self.root)
                except InputError:
                    (self.root / ref.path).unlink(missing_ok=True)
            with suppress(StoreError):
                self.step(key)
                return
            (self.folder(key) / "step.json").unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(self.folder(key), error) from error

    def is_busy(self, key: str) -> bool:
        """Whether some process holds the step at this moment (see `locked`)."""
        path = self.folder(key) / ".lock"
        if not path.exists():
            return False
        with self.held(key) as is_ours:
            return not is_ours

    @contextmanager
    def held(self, key: str, *, patience: float = 0.0) -> Iterator[bool]:
        """Holds the step for this process where no other one does so for longer than `patience` s; says whether."""
        try:
            with locked(self.folder(key) / ".lock", busy=_BUSY, patience=patience):
                yield True
        except StoreError as error:
            if error is not _BUSY:
                raise
            yield False

    def fault(self, key: str) -> str:
        """Why a step failed when it was last run; empty where it did not, or has a result since."""
        path = self.folder(key) / "fault.json"
        said = read_json(path) if path.is_file() and not self.is_done(key) else None
        return str(said.get("fault", "")) if isinstance(said, dict) else ""

    def note_fault(self, key: str, fault: str) -> None:
        """Keeps why a step failed, for those that only read."""
        write_json(self.folder(key) / "fault.json", {"fault": fault})

    def locked(self, key: str) -> AbstractContextManager[None]:
        """Holds the step for this process; another one that wants it waits."""
        return locked(self.folder(key) / ".lock")


def _files_of(component: Component) -> Iterator[tuple[str, FileRef]]:
    """Role and file, also of the parts: those of a committee's members are called `1 weights`."""
    yield from component.files.items()
    for part, inner in component.parts.items():
        yield from ((f"{part} {role}", ref) for role, ref in _files_of(inner))


def _said(error: Exception) -> str:
    """The fault in what a damaged file says."""
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _is_label_store(path: Path) -> bool:
    """Whether this is an SQLite file with labels in it, or nothing yet."""
    import sqlite3
    from contextlib import closing

    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            tables = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
    except sqlite3.Error:
        return False
    return not tables or {"theories", "labels"} <= tables
