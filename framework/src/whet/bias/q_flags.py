"""QFlags: how many environments of a set the limits of a training set flag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    Chunks = Iterable[tuple[np.ndarray, Sequence[str] | np.ndarray]]
    """Pairs of features (n, p) and the chemical symbols of the n atoms."""


@dataclass(frozen=True)
class QFlags:
    """Counts by element: environments, and those beyond each limit.

    element: of Q, the element's own. jackson_mudholkar: of Q, for normal features. hotelling: of T².
    """

    environments: Mapping[str, int]
    element: Mapping[str, int]
    jackson_mudholkar: Mapping[str, int]
    hotelling: Mapping[str, int]

    @classmethod
    def of(
        cls, symbols: np.ndarray, element: np.ndarray, jackson_mudholkar: np.ndarray, hotelling: np.ndarray
    ) -> QFlags:
        """Of environments: their symbols (n,), and whether each is beyond each of the limits, (n,) bool."""
        every = sorted(set(symbols.tolist()))
        counts = [Counter(symbols.tolist())]
        counts += [Counter(symbols[one].tolist()) for one in (element, jackson_mudholkar, hotelling)]
        return cls(*({symbol: found[symbol] for symbol in every} for found in counts))

    def shares(self, flagged: Mapping[str, int]) -> dict[str, float]:
        """The flagged share (0 to 1) of each element; flagged: `element`, `jackson_mudholkar` or `hotelling`."""
        return {symbol: flagged[symbol] / number for symbol, number in self.environments.items()}

    def share(self, flagged: Mapping[str, int]) -> float:
        """The flagged share over all elements."""
        return sum(flagged.values()) / sum(self.environments.values())
