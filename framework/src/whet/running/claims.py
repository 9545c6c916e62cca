"""Claims: which running step computes the label of which frame, so that no other step computes it, too."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from whet.contracts.task import Task
from whet.data.durable import locked, write_json
from whet.data.frame_identity import frame_key
from whet.plugins.registry import registry
from whet.running.at_work import FOLDER, claims_of, held_files
from whet.running.step import Step
from whet.running.store import Store
from whet.running.stored_step import StoredSteps
from whet.running.work import OpenStep

Claim = tuple[str, str]
"""A labeler's key, and that of a frame."""


class Claims:
    """Of the steps of one run: one that wants a frame that another computes at this moment waits for that one.

    Runs of one store tell each other of their claims, in a file beside the one that says that a run is at work.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._at_work: Path | None = None
        self._holders: dict[Claim, str] = {}
        self._others: set[str] = set()
        self._held: dict[str, frozenset[Claim]] = {}
        self._known: dict[str, frozenset[Claim]] = {}

    def holder(self, steps: Iterable[Step]) -> str:
        """The running step that computes most of the labels that these want; empty where none does."""
        wanted = [claim for step in steps for claim in self._wanted(step)]
        counts = Counter(self._holders[claim] for claim in wanted if claim in self._holders)
        return counts.most_common(1)[0][0] if counts else ""

    def share(self, at_work: Path) -> None:
        """Tells other runs from now on. at_work: the file that says that this run is at work."""
        self._at_work = at_work

    def take(self, step: Step) -> bool:
        """The step is to run now. False, and nothing is claimed, where another run computes labels that it wants."""
        wanted = self._wanted(step)
        if wanted and self._at_work is not None:
            with locked(self._store.root / FOLDER / "claims.lock"):
                if wanted & self._of_others():
                    return False
                self._note(step)
                self._tell()
        else:
            self._note(step)
        return True

    def leave(self, step: Step) -> None:
        """Another run is at the step: what it wants is claimed by that one."""
        self._others.add(step.key)
        self._note(step)

    def release(self, key: str) -> None:
        """The step runs no more, and its labels are in the label store."""
        self._known.pop(key, None)
        claims = self._held.pop(key, frozenset())
        for claim in claims:
            if self._holders.get(claim) == key:
                del self._holders[claim]
        is_own = key not in self._others
        self._others.discard(key)
        if claims and is_own and self._at_work is not None:
            self._tell()

    def _note(self, step: Step) -> None:
        self._held[step.key] = wanted = self._wanted(step)
        self._holders |= dict.fromkeys(wanted, step.key)

    def _tell(self) -> None:
        assert self._at_work is not None
        own = sorted({claim for key, claims in self._held.items() if key not in self._others for claim in claims})
        write_json(claims_of(self._at_work), [list(claim) for claim in own], durably=False)

    def _of_others(self) -> set[Claim]:
        """What living runs claim; what a dead one claimed, nobody computes."""
        found: set[Claim] = set()
        for path in held_files(self._store.root, but=self._at_work):
            with suppress(OSError, ValueError):
                found |= {(labeler, frame) for labeler, frame in json.loads(claims_of(path).read_text())}
        return found

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
