"""Labeling: the contract of what gives labels: a quantum-chemistry code, or a potential in the role of a teacher."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from whet.contracts.component import Backend

if TYPE_CHECKING:
    from ase import Atoms

    from whet.data.labels import Failure, Labels
    from whet.data.theory import LevelOfTheory


class Labeler(Backend, ABC):
    """Computes labels of one level of theory."""

    @property
    @abstractmethod
    def theory(self) -> LevelOfTheory:
        """Everything that moves a number: labels are kept on the shelf under its fingerprint. Loads nothing heavy."""

    @abstractmethod
    def label(self, frames: Sequence[Atoms], folder: Path) -> Iterator[Labels | Failure]:
        """One answer a frame, in order and as soon as it is there: the core stores each before it asks for the next.

        folder: scratch space. A frame that fails is a Failure with its reason; what would fail for every frame
        (a missing program, a wrong option) raises.
        """
