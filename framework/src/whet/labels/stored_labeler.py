"""StoredLabeler: a labeler behind the label store, so that no label is ever computed twice, whoever asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whet.contracts.labeling import Labeler
from whet.contracts.potential import Capabilities, Potential, Property
from whet.contracts.task import KeptLabels
from whet.data.errors import FrameError
from whet.data.frame_identity import frame_key
from whet.data.frames import ChosenFrames
from whet.data.labels import Failure, Labels
from whet.labels.label_store import LabelStore

if TYPE_CHECKING:
    from ase import Atoms

    from whet.data.theory import LevelOfTheory


@dataclass
class StoredLabeler:
    """bought: labels that were computed, not found. folder: the labeler's scratch space."""

    labeler: Labeler
    label_store: LabelStore
    folder: Path
    bought: int = 0

    def label(self, frame: Atoms) -> Labels | Failure:
        """The frame's label, from the label store or computed; then kept, durably, before this returns."""
        theory = self.labeler.theory
        if (found := self.label_store.get(frame, theory)) is not None:
            return found
        answers = iter(self.labeler.label([frame], self.folder))
        answer = self._kept(frame, theory, next(answers))
        next(answers, None)  # as in `labels`
        return answer

    def labels(self, frames: Sequence[Atoms]) -> Iterator[Labels | Failure]:
        """One answer a frame, in order; each is in the label store, durably, before it is given.

        The labeler gets every frame that is not in the label store, once, so that it may compute several at a time.
        """
        theory = self.labeler.theory
        self.label_store.describe(theory)
        keys = [frame_key(frame) for frame in frames]
        there = self.label_store.keys(theory)
        first = {key: index for index, key in reversed(list(enumerate(keys))) if key not in there}
        wanted = ChosenFrames(frames, sorted(first.values()))
        answers = iter(self.labeler.label(wanted, self.folder)) if wanted else iter(())
        failed: dict[str, Failure] = {}
        for index, key in enumerate(keys):
            if first.get(key) == index:
                answer = self._kept(frames[index], theory, next(answers))
            else:
                answer = failed.get(key) or self.label_store.get(frames[index], theory)
            if isinstance(answer, Failure):
                failed[key] = answer
            assert answer is not None
            yield answer
        # A labeler tidies up behind an answer once the next is asked for: not before this one is stored.
        next(answers, None)

    def _kept(self, frame: Atoms, theory: LevelOfTheory, answer: Labels | Failure) -> Labels | Failure:
        if isinstance(answer, Failure):
            return answer
        try:
            answer = answer.checked(len(frame))
        except FrameError as error:
            return Failure(f"the labeler answered nonsense: {error.what}")
        self.label_store.put(frame, theory, answer)
        self.bought += 1
        return answer


class LabelerPotential(Potential):
    """A labeler in the place of a potential: the reference theory drives the dynamics itself.

    Its labels are in the label store like all others, so a trajectory that was killed finds them there.
    """

    name = "labeler"

    def __init__(self, labeler: KeptLabels) -> None:
        super().__init__(None)
        self.labeler = labeler

    @property
    def capabilities(self) -> Capabilities:
        """Any element, as far as is known before asking."""
        return Capabilities(theory=self.labeler.labeler.theory)

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        """The labels. FrameError where the labeler fails."""
        for frame in frames:
            answer = self.labeler.label(frame)
            if isinstance(answer, Failure):
                raise FrameError(f"the labeler failed ({answer.reason})", hint=answer.log and f"Its log: {answer.log}")
            yield answer
