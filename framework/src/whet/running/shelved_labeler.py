"""ShelvedLabeler: a labeler behind the shelf, so that no label is ever computed twice, whoever asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whet.contracts.labeling import Labeler
from whet.contracts.potential import Capabilities, Potential, Property
from whet.data.errors import FrameError
from whet.data.labels import Failure, Labels
from whet.running.shelf import Shelf

if TYPE_CHECKING:
    from ase import Atoms

    from whet.data.theory import LevelOfTheory


@dataclass
class ShelvedLabeler:
    """bought: labels that were computed, not found. folder: the labeler's scratch space."""

    labeler: Labeler
    shelf: Shelf
    folder: Path
    bought: int = 0

    def label(self, frame: Atoms) -> Labels | Failure:
        """The frame's label, from the shelf or computed; then on the shelf, durably, before this returns."""
        theory = self.labeler.theory
        if (found := self.shelf.get(frame, theory)) is not None:
            return found
        answers = iter(self.labeler.label([frame], self.folder))
        answer = self._kept(frame, theory, next(answers))
        # A labeler may tidy up behind an answer once the next is asked for: not before this one is stored.
        next(answers, None)
        return answer

    def _kept(self, frame: Atoms, theory: LevelOfTheory, answer: Labels | Failure) -> Labels | Failure:
        if isinstance(answer, Failure):
            return answer
        try:
            answer = answer.checked(len(frame))
        except FrameError as error:
            return Failure(f"the labeler answered nonsense: {error.what}")
        self.shelf.put(frame, theory, answer)
        self.bought += 1
        return answer


class LabelerPotential(Potential):
    """A labeler in the place of a potential: the reference theory drives the dynamics itself.

    Its labels are on the shelf like all others, so a trajectory that was killed finds them there.
    """

    name = "labeler"

    def __init__(self, labeler: ShelvedLabeler) -> None:
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
