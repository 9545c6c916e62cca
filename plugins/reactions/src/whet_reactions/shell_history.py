"""ShellHistory: the neighbors of named ions along one trajectory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whet import FrameError, SampledTrajectory
from whet_reactions.drivers import AlongTrajectory
from whet_reactions.pair_history import Change, PairHistory
from whet_reactions.pair_limits import PairLimits

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

Kinds = tuple[str, str]
"""Elements of a center and of its neighbors."""

MOST_POINTS = 100
"""Frames whose numbers are kept for a figure."""


@dataclass(frozen=True)
class ShellChange:
    """A center whose neighbors changed. time: fs, and frame: its number, of the first frame that shows it. before,
    after: number of neighbors by element. came, went: atoms."""

    time: float
    frame: int
    center: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    came: tuple[int, ...]
    went: tuple[int, ...]


@dataclass(eq=False)
class ShellHistory(AlongTrajectory):
    """Follows the neighbors of each center through the frames of one trajectory.

    shells: the two distances, Å, of each pair of kinds: a neighbor comes below the first and goes above the second.
    means, smooth: number of neighbors of a center, mean over centers and time; counted, and as a sum that falls from 1
    at the first distance to 0 at the second as a cosine does. shares: center, number of all neighbors -> share of
    time. points: time (fs), center and number, of some frames.
    """

    of: SampledTrajectory
    shells: Mapping[Kinds, tuple[float, float]]
    dwell: float
    means: dict[Kinds, float] = field(default_factory=dict)
    smooth: dict[Kinds, float] = field(default_factory=dict)
    shares: Counter[tuple[str, int]] = field(default_factory=Counter)
    points: list[tuple[float, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        import numpy as np

        self.symbols = np.array(self.of.start.get_chemical_symbols(), dtype=str)
        limits = PairLimits.of_shells(self.of.start, self.shells)
        self.pairs = PairHistory(self.of.start, limits, self.dwell)
        self.centers = np.flatnonzero(np.isin(self.symbols, sorted({center for center, _ in self.shells})))
        self._weights = _weights(self.of.times)

    @property
    def span(self) -> float:
        """ps, from the first frame to the last."""
        return float(self.of.times[-1] - self.of.times[0]) / 1000

    def follow(self, frame: Atoms, number: int) -> None:
        """Takes in the next frame. FrameError as `PairHistory`, and where two images of an atom are neighbors."""
        import numpy as np

        near = self.pairs.follow(frame, float(self.of.times[number]), number)
        if self.pairs.twice:
            raise FrameError("two images of one atom are neighbors of a center", hint="Repeat the cell (atoms.repeat)")
        weight = float(self._weights[number])
        i, j = self.pairs.pairs(near.codes).T
        z = frame.numbers
        joins, parts = self.pairs.limits.joins[z[i], z[j]], self.pairs.limits.parts[z[i], z[j]]
        step = np.clip((near.distances - joins) / np.maximum(parts - joins, 1e-12), 0, 1)
        self._add(self.smooth, weight, i, j, 0.5 * (1 + np.cos(np.pi * step)))
        i, j = self.pairs.pairs(self.pairs.together).T
        total = self._add(self.means, weight, i, j, np.ones(len(i)))
        numbers = np.rint(total[self.centers]).astype(int)
        for center, count in zip(self.symbols[self.centers].tolist(), numbers.tolist(), strict=True):
            self.shares[center, count] += weight / int((self.symbols == center).sum())  # pyright: ignore[reportArgumentType]
        if number % (len(self.of.frames) // MOST_POINTS + 1) == 0:
            time = float(self.of.times[number])
            self.points += [(time, int(c), int(n)) for c, n in zip(self.centers, numbers, strict=True)]

    def _add(self, to: dict[Kinds, float], weight: float, i: np.ndarray, j: np.ndarray, each: np.ndarray) -> np.ndarray:
        """Adds up neighbors by kinds, mean over centers; gives (n_atoms,) the number of each center."""
        import numpy as np

        total = np.zeros(len(self.symbols))
        for center, neighbor in self.shells:
            of = float(max((self.symbols == center).sum(), 1))
            count = 0.0
            for one, other in ((i, j), (j, i)):
                mine = (self.symbols[one] == center) & (self.symbols[other] == neighbor)
                np.add.at(total, one[mine], each[mine])
                count += float(each[mine].sum())
            to[center, neighbor] = to.get((center, neighbor), 0.0) + weight * count / of
        return total

    def changes(self) -> list[ShellChange]:
        """Changes of the neighbors of each center that lasted for the dwell time, in order of time.

        What begins within one dwell time around one center is one change: a neighbor that takes another's place.
        """
        shell = {int(center): Counter[str]() for center in self.centers}
        for i, j in self.pairs.pairs(self.pairs.first).tolist():
            for center, neighbor in self._directed((i, j)):
                shell[center][str(self.symbols[neighbor])] += 1
        of: dict[int, list[tuple[Change, int]]] = {}
        for change in sorted(self.pairs.changes):
            for center, neighbor in self._directed(change.atoms):
                of.setdefault(center, []).append((change, neighbor))
        found = [one for center, changes in of.items() for one in self._grouped(center, changes, shell[center])]
        return sorted(found, key=lambda one: (one.time, one.center))

    def _directed(self, atoms: tuple[int, int]) -> Iterator[tuple[int, int]]:
        """(center, neighbor) of a pair: one, or two where each is a center to the other."""
        for one, other in (atoms, atoms[::-1]):
            if (str(self.symbols[one]), str(self.symbols[other])) in self.shells:
                yield one, other

    def _grouped(
        self, center: int, changes: Sequence[tuple[Change, int]], shell: Counter[str]
    ) -> Iterator[ShellChange]:
        place = 0
        while place < len(changes):
            first = changes[place][0]
            group = [
                one for one in changes[place:] if one[0].time < first.time + self.dwell or one[0].time == first.time
            ]
            place += len(group)
            before = {kind: count for kind, count in sorted(shell.items()) if count}
            for change, neighbor in group:
                shell[str(self.symbols[neighbor])] += 1 if change.together else -1
            after = {kind: count for kind, count in sorted(shell.items()) if count}
            came = tuple(sorted(neighbor for change, neighbor in group if change.together))
            went = tuple(sorted(neighbor for change, neighbor in group if not change.together))
            yield ShellChange(first.time, first.frame, center, before, after, came, went)


def _weights(times: Sequence[float]) -> np.ndarray:
    """(n_frames,) the share of time that each frame stands for: half of the way to either neighbor."""
    import numpy as np

    t = np.asarray(times, dtype=float)
    if len(t) < 2 or t[-1] <= t[0]:
        return np.full(len(t), 1 / max(len(t), 1))
    steps = np.diff(t)
    return (np.append(steps, 0) + np.append(0, steps)) / (2 * (t[-1] - t[0]))
