"""Descriptors: fixed-length features of atomic environments, for coverage and distances."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from whet.contracts.component import Backend, OptionsT

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


class Descriptor(Backend[OptionsT], ABC):
    """Features of each atom's environment."""

    @abstractmethod
    def describe(self, frames: Sequence[Atoms], elements: Sequence[str]) -> Iterator[np.ndarray]:
        """Features of one frame after the other, (n_atoms, n_features), never everything at once.

        elements: every chemical symbol of the whole study, so that features of different sets are comparable.
        """
