"""Step: one piece of work, whose recipe is its identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from whet.contracts.component import Component, FileRef
from whet.data.identity import JSON, key_of

KINDS: dict[str, int] = {
    "structure": 2,
    "import": 3,
    "md": 2,
    "label": 2,
    "dataset": 2,
    "fine-tune": 1,
    "committee": 1,
    "evaluate": 2,
    "coverage": 1,
}
"""Kind of step -> version of its results, bumped when the core's own numbers change; module whet.running.kinds.KIND."""


@dataclass(frozen=True)
class Step:
    """What to do, to what: a node of the plan.

    settings: plain values. components: role -> implementation. inputs: role -> keys of the steps that feed it, in
    order. files: role -> imported file, by content. title: for people, outside the key. environment: name of the
    interpreter that owns the plugins ("" is this one), outside the key.
    """

    kind: str
    settings: Mapping[str, JSON] = field(default_factory=dict)
    components: Mapping[str, Component] = field(default_factory=dict)
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, FileRef] = field(default_factory=dict)
    title: str = field(default="", compare=False)
    environment: str = field(default="", compare=False)

    @cached_property
    def key(self) -> str:
        """`KIND-` and 24 hexadecimal digits: the same recipe has the same key everywhere."""
        recipe = {
            "kind": self.kind,
            "version": KINDS[self.kind],
            "settings": dict(self.settings),
            "components": {role: component.identity() for role, component in self.components.items()},
            "inputs": {role: list(keys) for role, keys in self.inputs.items()},
            "files": {role: ref.sha256 for role, ref in self.files.items()},
        }
        return f"{self.kind}-{key_of(recipe)[:24]}"

    @property
    def feeds(self) -> list[str]:
        """Keys of every step that feeds this one."""
        return [key for keys in self.inputs.values() for key in keys]

    def as_json(self) -> dict[str, JSON]:
        """Plain data; `Step.from_json` reads it back."""
        return {
            "kind": self.kind,
            "title": self.title,
            "settings": dict(self.settings),
            "components": {role: component.as_json() for role, component in self.components.items()},
            "inputs": {role: list(keys) for role, keys in self.inputs.items()},
            "files": {role: {"sha256": ref.sha256, "path": ref.path} for role, ref in self.files.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The step that `as_json` described. KeyError, TypeError, … where it is damaged."""
        if not isinstance(data["title"], str) or data["kind"] not in KINDS:
            raise ValueError("it names no kind of step, or has no title")
        return cls(
            kind=data["kind"],
            title=data["title"],
            settings=data["settings"],
            components={role: Component.from_json(part) for role, part in data["components"].items()},
            inputs={role: tuple(keys) for role, keys in data["inputs"].items()},
            files={role: FileRef(**ref) for role, ref in data["files"].items()},
        )
