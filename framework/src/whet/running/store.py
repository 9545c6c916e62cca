"""Store: a folder of steps and their results, and the shelf of labels. It can be moved as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.contracts.component import Component, FileRef
from whet.data.durable import locked, read_json, write_json
from whet.data.errors import InputError, StoreError
from whet.data.identity import JSON, file_digest, key_of
from whet.running.step import Step
from whet.shelf.shelf import Shelf

if TYPE_CHECKING:
    from whet.data.frames import FrameSet

FORMAT = 1
"""Version of the store's layout."""


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

    @property
    def content(self) -> str:
        """Identity of the result: two runs of one recipe that differ, differ in it."""
        files = {role: ref.sha256 for role, ref in self.outputs.items()}
        return key_of([dict(self.values), files, self.component.identity() if self.component else None])

    def as_json(self) -> dict[str, JSON]:
        """Plain data; `Result.from_json` reads it back."""
        return {
            "values": dict(self.values),
            "outputs": {role: {"sha256": ref.sha256, "path": ref.path} for role, ref in self.outputs.items()},
            "component": self.component.as_json() if self.component else None,
            "content": self.content,
            "fed_by": dict(self.fed_by),
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Result:
        """The result that `as_json` described."""
        return cls(
            values=data["values"],
            outputs={role: FileRef(**ref) for role, ref in data["outputs"].items()},
            component=Component.from_json(data["component"]) if data["component"] else None,
            fed_by=data["fed_by"],
            provenance=data["provenance"],
        )


class Store:
    """`steps/KEY/` with step.json, result.json, log.txt and the outputs; `labels.sqlite`, the shelf."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def prepare(self) -> None:
        """Creates the store where there is none. StoreError where it cannot be written or is of another format."""
        marker = self.root / "store.json"
        if not marker.exists():
            write_json(marker, {"format": FORMAT})
        found = read_json(marker).get("format")
        if found != FORMAT:
            raise StoreError(f"the store has format {found}; this version of Whet reads {FORMAT}", where=str(self.root))

    @cached_property
    def shelf(self) -> Shelf:
        """The labels of every study that uses this store."""
        return Shelf(self.root / "labels.sqlite")

    def folder(self, key: str) -> Path:
        """The step's folder, which may not exist yet."""
        return self.root / "steps" / key

    def describe(self, step: Step) -> Path:
        """Writes step.json, so that a worker can run the step from its folder; gives the folder."""
        folder = self.folder(step.key)
        path = folder / "step.json"
        if not path.exists():
            write_json(path, step.as_json())
        return folder

    def step(self, key: str) -> Step:
        """The step of that key. StoreError where it was never described here or does not match its folder."""
        step = Step.from_json(read_json(self.folder(key) / "step.json"))
        if step.key != key:
            raise StoreError(f"the recipe has the key {step.key}", where=str(self.folder(key)), hint="It was edited")
        return step

    def is_done(self, key: str) -> bool:
        """Whether the step has a result."""
        path = self.folder(key) / "result.json"
        return path.is_file() and path.stat().st_size > 0

    def result(self, key: str) -> Result:
        """The step's result. StoreError where there is none, or it is damaged."""
        path = self.folder(key) / "result.json"
        if not path.is_file():
            raise StoreError("the step has no result yet", where=key)
        try:
            return Result.from_json(read_json(path))
        except (KeyError, TypeError, AttributeError) as error:
            hint = "Remove the file and run again: labels stay on the shelf"
            raise StoreError(f"the result is damaged ({error})", where=str(path), hint=hint) from error

    def keep(self, key: str, result: Result) -> None:
        """Writes the result: the last act of a step, all or nothing."""
        write_json(self.folder(key) / "result.json", result.as_json())

    def reference(self, path: Path) -> FileRef:
        """A reference to a file of this store that stays right when the store is moved."""
        return FileRef(file_digest(path), str(path.resolve().relative_to(self.root.resolve())))

    def frames(self, key: str, role: str = "frames") -> FrameSet:
        """The frames that a step left under that role. FrameError or InputError where they are damaged."""
        from whet.data.frame_log import read_frames

        try:
            return read_frames(self.result(key).outputs[role].locate(self.root))
        except InputError as error:
            error.hint = f"Remove the folder {self.folder(key)} and run again: labels stay on the shelf"
            raise

    def stale(self, key: str) -> list[str]:
        """Keys that fed this step and have another content now than when it ran."""
        fed_by = self.result(key).fed_by
        return [feed for feed, content in fed_by.items() if self.is_done(feed) and self.result(feed).content != content]

    def locked(self, key: str) -> AbstractContextManager[None]:
        """Holds the step for this process; another one that wants it waits."""
        return locked(self.folder(key) / ".lock")
