"""StoredSteps: the results in a store, each read once however many look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from whet.contracts.component import Component
from whet.data.frames import FrameSet
from whet.running.step import Step
from whet.running.store import Result, Store


@dataclass(frozen=True, eq=False)
class StoredSteps:
    """A view of a store for one purpose; results that arrive later are not in it.

    checked: whether results are compared with their digests, which takes most of the time of reading them.
    """

    store: Store
    recipes: Mapping[str, Step] = field(default_factory=dict)
    _known: dict[str, StoredStep] = field(default_factory=dict)
    checked: bool = True

    def __getitem__(self, key: str) -> StoredStep:
        """The step of that key, which has its result when it is asked for it."""
        if key not in self._known:
            self._known[key] = StoredStep(key, self)
        return self._known[key]


@dataclass(frozen=True, eq=False)
class StoredStep:
    """A finished step in a store."""

    key: str
    among: StoredSteps

    @cached_property
    def is_done(self) -> bool:
        """Whether it has its result."""
        return self.among.store.is_done(self.key)

    @cached_property
    def recipe(self) -> Step:
        """What it was to do. StoreError where that is damaged."""
        return self.among.recipes.get(self.key) or self.among.store.step(self.key)

    @cached_property
    def result(self) -> Result:
        """What it left. StoreError where there is none, or it is damaged."""
        return self.among.store.result(self.key, checked=self.among.checked)

    @property
    def title(self) -> str:
        """What people call it."""
        return self.recipe.title

    @property
    def options(self) -> Mapping[str, Any]:
        """Options of its task."""
        return self.recipe.task.options

    @property
    def values(self) -> Mapping[str, Any]:
        """The plain data that it left."""
        return self.result.values

    @property
    def measured(self) -> Mapping[str, Any]:
        """What was recorded beside its result."""
        return self.result.provenance

    @property
    def component(self) -> Component | None:
        """The component that it made, if any."""
        return self.result.component

    def path(self, output: str) -> Path:
        """A file that it left. InputError where it is gone or was changed."""
        return self.among.store.output(self.key, output, self.result)

    def frames(self, output: str = "frames") -> FrameSet:
        """Frames that it left. FrameError or InputError where they are damaged."""
        from whet.data.frame_log import read_frames

        return read_frames(self.path(output))

    def fed_by(self, role: str) -> Sequence[StoredStep]:
        """The steps that fed it in a role."""
        return [self.among[key] for key in self.recipe.inputs.get(role, ())]
