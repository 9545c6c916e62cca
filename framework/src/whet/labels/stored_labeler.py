"""StoredLabeler: a labeler behind the label store, so that no label is ever computed twice, whoever asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from whet.contracts.labeling import Labeler
from whet.contracts.potential import Capabilities, Potential, Property
from whet.contracts.task import KeptLabels
from whet.data.errors import FrameError
from whet.data.frame_identity import frame_key
from whet.data.frames import ChosenFrames
from whet.data.labels import Failure, Labels

if TYPE_CHECKING:
    from ase import Atoms

    from whet.data.theory import LevelOfTheory


class KeepsLabels(Protocol):
    """Where labels are found and kept: the label store, or a step's log in front of it."""

    def get(self, frame: Atoms, theory: LevelOfTheory) -> Labels | None:
        """The labels of a frame at a level of theory; None where there are none."""
        ...

    def keys(self, theory: LevelOfTheory) -> set[str]:
        """The keys of the frames that have labels of this level of theory."""
        ...

    def put(self, frame: Atoms, theory: LevelOfTheory, labels: Labels) -> None:
        """Keeps the labels durably before it returns."""
        ...

    def describe(self, theory: LevelOfTheory) -> None:
        """Keeps a theory without a label of it, so that it can be named."""
        ...


@dataclass
class StoredLabeler:
    """bought: labels that were computed, not found. folder: the labeler's scratch space."""

    labeler: Labeler
    kept: KeepsLabels
    folder: Path
    bought: int = 0

    def label(self, frame: Atoms) -> Labels | Failure:
        """The frame's label, from the label store or computed; then kept, durably, before this returns."""
        theory = self.labeler.theory
        if (found := self.kept.get(frame, theory)) is not None:
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
        self.kept.describe(theory)
        keys = [frame_key(frame) for frame in frames]
        there = self.kept.keys(theory)
        first = {key: index for index, key in reversed(list(enumerate(keys))) if key not in there}
        wanted = ChosenFrames(frames, sorted(first.values()))
        answers = iter(self.labeler.label(wanted, self.folder)) if wanted else iter(())
        failed: dict[str, Failure] = {}
        for index, key in enumerate(keys):
            if first.get(key) == index:
                answer = self._kept(frames[index], theory, next(answers))
            else:
                answer = failed.get(key) or self.kept.get(frames[index], theory)
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
        self.kept.put(frame, theory, answer)
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
