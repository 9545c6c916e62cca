"""Structure sources: where starting structures come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from whet.contracts.component import Backend, OptionsT

if TYPE_CHECKING:
    from ase import Atoms


RATTLED = "rattle"
"""What a frame that was drawn at random, whatever its energy, says in its info under `sampled_by`."""


class StructureSource(Backend[OptionsT], ABC):
    """Makes starting structures.

    What draws them at random, whatever their energy, says `sampled_by: rattle` in their info, by which softening is
    read, and a `group` of their own.
    """

    @property
    def count(self) -> int | None:
        """How many different structures it has; None where there is no end to them. An index beyond is refused."""
        return None

    @abstractmethod
    def make(self, index: int, seed: int) -> Atoms:
        """The starting structure number `index` (from 0); the same index and seed give the same one, bit for bit.

        Another index is another structure. Raises InputError for one that it has not.
        """


def no_longer_drawn(frame: Atoms) -> None:
    """Takes out of the info of a frame who sampled it, and the group that it had alone: it has been moved since."""
    if frame.info.pop("sampled_by", None) == RATTLED:
        frame.info.pop("group", None)


def dimer(first: str, second: str, distance: float, vacuum: float = 12.0) -> Atoms:
    """Two atoms at a distance in Å along z, in the middle of an open cell; its info names the pair and the distance.

    first, second: chemical symbols. vacuum: Å; the cell is longer by so much than the dimer, with edges that differ, so
    that no symmetry keeps the orbitals from filling.
    """
    from ase import Atoms

    cell = [vacuum, vacuum + 0.5, vacuum + 1.0 + distance]
    atoms = Atoms([first, second], [[0, 0, 0], [0, 0, distance]], cell=cell)
    atoms.positions += [cell[0] / 2, cell[1] / 2, (vacuum + 1.0) / 2]
    atoms.info |= {"pair": f"{first}-{second}", "distance": distance}
    return atoms
