"""Selector: a task that chooses, of the frames that were sampled, those that are worth a label."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from whet.contracts.component import Component
from whet.contracts.ports import Frames, LabeledFrames, Port
from whet.contracts.task import Outcome, Task, Work, total
from whet.data.errors import PluginError
from whet.data.frame_log import write_frames
from whet.data.frames import FrameSet


@dataclass(frozen=True)
class Choice:
    """A frame that was chosen. index: in the pool. reason: for people."""

    index: int
    reason: str = ""


class Selector(Task):
    """Chooses from a pool. An author writes `choose`; the frames that it leaves are those chosen, in that order."""

    inputs: ClassVar = {
        "pool": Port(Frames, what="frames that were sampled, by the potential that is to be fine-tuned on them"),
        "known": Port(LabeledFrames, what="frames that have labels already"),
    }
    needs: ClassVar[frozenset[str]] = frozenset()
    """Names of extra labels (`force_spread`) that it ranks by. A study in which no driver of its rounds gives them is
    refused; it must choose from the other rounds, too."""

    @classmethod
    def most_frames(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """The whole pool."""
        return total(fed.get("pool", ()))

    @abstractmethod
    def choose(self, pool: FrameSet, known: FrameSet, work: Work) -> Sequence[Choice]:
        """The frames of the pool that are to be labeled. known: those that have labels already."""

    def run(self, work: Work) -> Outcome:
        """Chooses; leaves `frames`. Values: pool (frames), chosen (index, reason). PluginError for no choice."""
        parts = [one.frames for one in work.all("pool", Frames)]
        pool = sum(parts, FrameSet(()))
        known = sum((one.frames for one in work.all("known", LabeledFrames)), FrameSet(()))
        chosen = list(self.choose(pool, known, work))
        indices = [choice.index for choice in chosen]
        if len(set(indices)) < len(indices) or not set(indices) <= set(range(len(pool))):
            raise PluginError(f"the selector {self.name!r} chose frames twice, or that are not in the pool: {indices}")
        path = work.folder / "chosen.frames"
        write_frames(path, pool.take(indices))
        return Outcome({"pool": len(pool), "chosen": [[one.index, one.reason] for one in chosen]}, {"frames": path})


class CountedSelector(Selector):
    """A selector whose option `frames` says how many it chooses of the whole pool."""

    @classmethod
    def most_frames(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """As many as are wanted; fewer where the pool has fewer."""
        there = total(fed.get("pool", ()))
        return options["frames"] if there is None else min(there, options["frames"])
