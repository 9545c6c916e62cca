"""PairHistory: which pairs of atoms are together, followed through frames with hysteresis and a dwell time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whet import FrameError
from whet_reactions.near_pairs import NearPairs
from whet_reactions.pair_limits import PairLimits

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


@dataclass(frozen=True, order=True)
class Change:
    """Two atoms that came together, or parted, and stayed so.

    time: fs, and frame: its number, of the first frame that shows it.
    """

    time: float
    frame: int
    atoms: tuple[int, int]
    together: bool


@dataclass(eq=False)
class PairHistory:
    """Follows the pairs of a starting structure; memory grows with what happens, not with the frames.

    A pair comes together below the smaller of its two distances and parts above the larger one. That counts as a change
    once it is still so in a frame `dwell` (fs) or more after the first that shows it. What goes back before is counted
    in `recrossings`, and what is still too young at the end in `undecided`.
    first: (n,) codes of the pairs that are together in the start. together: of the last frame, dwell time or not.
    """

    start: Atoms
    limits: PairLimits
    dwell: float
    changes: list[Change] = field(default_factory=list)
    recrossings: int = 0
    _young: dict[int, tuple[float, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        near = NearPairs.of(self.start, self.limits.joins)
        self.first = self.together = near.codes
        self.twice = near.twice

    @property
    def undecided(self) -> int:
        """Changes that the last frame shows, and that have not lasted long enough to count."""
        return len(self._young)

    def pairs(self, codes: np.ndarray) -> np.ndarray:
        """(n, 2) atoms of pairs."""
        import numpy as np

        return np.stack(np.divmod(codes, max(len(self.start), 1)), axis=-1)

    def follow(self, frame: Atoms, time: float, number: int) -> NearPairs:
        """Takes in the next frame and gives its near pairs. time: fs. number: of the frame.

        FrameError where it has other atoms than the start, or positions that are not finite.
        """
        import numpy as np

        if not np.array_equal(frame.numbers, self.start.numbers):
            raise FrameError(
                f"its atoms {frame.get_chemical_formula()} are not those of the starting structure",
                hint="Follow the frames of one trajectory, atoms in one order",
            )
        near = NearPairs.of(frame, self.limits.parts)
        self.twice |= near.twice
        i, j = self.pairs(near.codes).T
        joins = near.distances < self.limits.joins[frame.numbers[i], frame.numbers[j]]
        stays = np.isin(near.codes, self.together, assume_unique=True)
        now = near.codes[joins | stays]
        self._take(np.setxor1d(self.together, now, assume_unique=True), time, number)
        self.together = now
        for code, (since, first) in list(self._young.items()):
            if time - since >= self.dwell:
                self._keep(code, since, first)
        return near

    def _take(self, turned: np.ndarray, time: float, number: int) -> None:
        for code in turned.tolist():
            if code in self._young:
                del self._young[code]
                self.recrossings += 1
            else:
                self._young[code] = (time, number)

    def _keep(self, code: int, since: float, first: int) -> None:
        import numpy as np

        del self._young[code]
        place = int(np.searchsorted(self.together, code))
        together = place < len(self.together) and int(self.together[place]) == code
        i, j = divmod(code, len(self.start))
        self.changes.append(Change(since, first, (i, j), together))
