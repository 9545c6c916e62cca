"""Step: one piece of work, whose recipe is its identity."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from whet.contracts.component import Component, FileRef
from whet.contracts.ref import Ref
from whet.data.identity import JSON, key_of

KEY = re.compile(r"[a-z][a-z0-9-]*-[0-9a-f]{24}")
"""A step's key, which is the name of its folder."""


@dataclass(frozen=True)
class Step:
    """What to do, to what: a node of the plan.

    task: what does it, and its settings. components: role -> implementation. inputs: role -> keys of the steps that
    feed it, in order. refs: role -> which piece of the study each input is, for tasks that say so in what they leave.
    files: role -> imported file, by content. title: for people, outside the key. environment: name of the interpreter
    that owns the plugins ("" is this one), outside the key.
    """

    task: Component
    components: Mapping[str, Component] = field(default_factory=dict)
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, FileRef] = field(default_factory=dict)
    refs: Mapping[str, tuple[Ref, ...]] = field(default_factory=dict)
    title: str = field(default="", compare=False)
    environment: str = field(default="", compare=False)

    @property
    def kind(self) -> str:
        """The task's name."""
        return self.task.name

    @cached_property
    def key(self) -> str:
        """`TASK-` and 24 hexadecimal digits: the same recipe has the same key everywhere."""
        task = self.task.identity()
        recipe = {
            "kind": self.kind,
            "version": task["result_version"],
            "settings": task["options"],
            "components": {role: component.identity() for role, component in self.components.items()},
            "inputs": {role: list(keys) for role, keys in self.inputs.items()},
            "files": {role: ref.sha256 for role, ref in self.files.items()},
        }
        # What the core's own tasks do not have stays out, so that their keys are what they were in older stores.
        if self.task.hook != "tasks":
            recipe["hook"] = self.task.hook
        if self.task.files or self.task.parts:
            recipe["task"] = task
        if self.refs:
            recipe["refs"] = _plain(self.refs)
        return f"{self.kind}-{key_of(recipe)[:24]}"

    @property
    def feeds(self) -> list[str]:
        """Keys of every step that feeds this one."""
        return [key for keys in self.inputs.values() for key in keys]

    def as_json(self) -> dict[str, JSON]:
        """Plain data; `Step.from_json` reads it back."""
        return {
            "title": self.title,
            "task": self.task.nameless.as_json(),
            "components": {role: component.nameless.as_json() for role, component in self.components.items()},
            "inputs": {role: list(keys) for role, keys in self.inputs.items()},
            "refs": _plain(self.refs),
            "files": {role: {"sha256": ref.sha256, "path": ref.path} for role, ref in self.files.items()},
            "environment": self.environment,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The step that `as_json` described. KeyError, TypeError, … where it is damaged."""
        if wrong := [key for key in ("title", "environment") if not isinstance(data[key], str)]:
            raise TypeError(f"its {wrong[0]} is no text")  # neither is in its key, which tells of all else
        return cls(
            task=Component.from_json(data["task"]),
            components={role: Component.from_json(part) for role, part in data["components"].items()},
            inputs={role: tuple(keys) for role, keys in data["inputs"].items()},
            refs={role: tuple(map(Ref.from_json, refs)) for role, refs in data["refs"].items()},
            files={role: FileRef(**ref) for role, ref in data["files"].items()},
            title=data["title"],
            environment=data["environment"],
        )


def _plain(refs: Mapping[str, tuple[Ref, ...]]) -> dict[str, JSON]:
    return {role: [ref.as_json() for ref in each] for role, each in refs.items()}
