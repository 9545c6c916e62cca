"""Structure sources: where starting structures come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from whet.contracts.component import Backend, OptionsT

if TYPE_CHECKING:
    from ase import Atoms


class StructureSource(Backend[OptionsT], ABC):
    """Makes starting structures."""

    @property
    def count(self) -> int | None:
        """How many different structures it has; None where there is no end to them. An index beyond is refused."""
        return None

    @abstractmethod
    def make(self, index: int, seed: int) -> Atoms:
        """The starting structure number `index` (from 0); the same index and seed give the same one, bit for bit.

        Another index is another structure. Raises InputError for one that it has not.
        """
