"""Claims: which running step computes the label of which frame, so that no other step computes it, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from whet.contracts.task import Task
from whet.data.frame_identity import frame_key
from whet.plugins.registry import registry
from whet.running.step import Step
from whet.running.store import Store
from whet.running.stored_step import StoredSteps
from whet.running.work import OpenStep

Claim = tuple[str, str]
"""A labeler's key, and that of a frame."""


class Claims:
    """Of the steps of one run: one that wants a frame that another computes at this moment waits for that one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._holders: dict[Claim, str] = {}
        self._held: dict[str, frozenset[Claim]] = {}
        self._known: dict[str, frozenset[Claim]] = {}

    def holder(self, steps: Iterable[Step]) -> str:
        """The running step that computes most of the labels that these want; empty where none does."""
        wanted = [claim for step in steps for claim in self._wanted(step)]
        counts = Counter(self._holders[claim] for claim in wanted if claim in self._holders)
        return counts.most_common(1)[0][0] if counts else ""

    def take(self, step: Step) -> None:
        """The step runs from now on."""
        self._held[step.key] = wanted = self._wanted(step)
        self._holders |= dict.fromkeys(wanted, step.key)

    def release(self, key: str) -> None:
        """The step runs no more."""
        self._known.pop(key, None)
        for claim in self._held.pop(key, ()):
            if self._holders.get(claim) == key:
                del self._holders[claim]

    def _wanted(self, step: Step) -> frozenset[Claim]:
        if "labeler" not in step.components:
            return frozenset()
        if step.key not in self._known:
            try:
                frames = self._frames(step)
            except Exception:  # a fault, of whatever kind, is the step's own to meet
                return frozenset()
            self._known[step.key] = frozenset((step.components["labeler"].key, key) for key in frames)
        return self._known[step.key]

    def _frames(self, step: Step) -> list[str]:
        """Keys of the frames whose labels the step wants."""
        task: type[Task] = registry().find(step.task.hook, step.task.name)
        work = OpenStep(step, StoredSteps(self._store), "cpu", lambda done, total: None)
        return [frame_key(frame) for frame in task.labels_wanted(work)]
