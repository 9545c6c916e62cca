"""EnvironmentScores: how unlike a training set each environment of a set is, frame by frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from whet.bias.principal_components import PrincipalComponents
from whet.bias.q_flags import QFlags
from whet.bias.q_limits import QLimits

if TYPE_CHECKING:
    import numpy as np

    TakenApart = tuple[np.ndarray, np.ndarray, Sequence[str] | np.ndarray]
    """Of one frame: projections (n_atoms, k), Q-residuals (n_atoms,) and chemical symbols (n_atoms,)."""


FARTHEST = 1e6
"""Times a limit that an environment lies beyond at most; where the training set lacks the element it is infinite."""


class Excess(NamedTuple):
    """Means of log(1 + Q/limit) and of log(1 + T²/limit), by element.

    Shares beyond limits cannot be told apart where all is beyond, nor those of environments a little and far beyond.
    """

    q: Mapping[str, float]
    t_squared: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class EnvironmentScores:
    """Of n environments of frames, one after the other.

    | field     | shape | content                                                                      |
    |-----------|-------|------------------------------------------------------------------------------|
    | symbols   | (n,)  | chemical symbols                                                             |
    | frame_of  | (n,)  | the frame of each                                                            |
    | q         | (n,)  | Q-residual, the feature's unit squared                                       |
    | t_squared | (n,)  | Hotelling's T²                                                               |
    | over      | (n,)  | Q over the limit of the element; infinite where the training set lacks it    |
    | far       | (n,)  | T² over its limit                                                            |
    | beyond    | (3, n)| bool: beyond its element's limit of Q, that of Jackson–Mudholkar, that of T² |
    | projected | (n, k)| in the space of the k components                                             |
    """

    symbols: np.ndarray
    frame_of: np.ndarray
    q: np.ndarray
    t_squared: np.ndarray
    over: np.ndarray
    far: np.ndarray
    beyond: np.ndarray
    projected: np.ndarray

    @classmethod
    def of(
        cls, components: PrincipalComponents, limits: QLimits, t_squared: float, frames: Iterable[TakenApart]
    ) -> EnvironmentScores:
        """Of frames as `components` take them apart. t_squared: the limit of T²."""
        import numpy as np

        found = [(projected, q, np.asarray(symbols)) for projected, q, symbols in frames]
        sizes = [len(q) for _, q, _ in found]
        if not found:
            found = [(np.zeros((0, len(components.axes))), np.zeros(0), np.zeros(0, dtype="U2"))]
        projected, q, symbols = (np.concatenate(one) for one in zip(*found, strict=True))
        of_t_squared = components.t_squared(projected)
        over, far = limits.over(q, symbols), of_t_squared / t_squared
        rules = np.stack([limits.beyond_element(q, symbols), limits.beyond_jackson_mudholkar(q), far > 1])
        frame_of = np.repeat(np.arange(len(sizes)), sizes)
        return cls(symbols, frame_of, q, of_t_squared, over, far, rules, projected)

    @cached_property
    def flags(self) -> QFlags:
        """Counts by element of what is beyond each limit."""
        return QFlags.of(self.symbols, *self.beyond)

    @cached_property
    def excess(self) -> Excess:
        """How far the environments lie towards the limits and beyond, by element."""
        import numpy as np

        means = []
        for values in (self.over, self.far):
            logs = np.log1p(np.minimum(values, FARTHEST))
            means.append({symbol: float(logs[self.symbols == symbol].mean()) for symbol in self.flags.environments})
        return Excess(*means)

    @property
    def frames(self) -> int:
        """How many frames there are with environments."""
        return int(self.frame_of[-1]) + 1 if len(self.frame_of) else 0

    def by_frame(self, values: np.ndarray, chosen: np.ndarray | None = None) -> np.ndarray:
        """(frames,) mean of values (n,) over the atoms of each frame, NaN without any; chosen: (n,) bool, of these."""
        import numpy as np

        kept = np.ones(len(values), dtype=bool) if chosen is None else chosen
        sums, counts = (
            np.bincount(self.frame_of[kept], weights, minlength=self.frames)
            for weights in (values[kept].astype(float), np.ones(int(kept.sum())))
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            return sums / counts

    def worst_of_frames(self, values: np.ndarray, chosen: np.ndarray | None = None) -> np.ndarray:
        """(frames,) largest of values (n,) in each frame, NaN without any; chosen: (n,) bool, of these atoms."""
        import numpy as np

        kept = np.ones(len(values), dtype=bool) if chosen is None else chosen
        found = np.full(self.frames, -np.inf)
        np.maximum.at(found, self.frame_of[kept], values[kept])
        return np.where(np.isneginf(found), np.nan, found)
