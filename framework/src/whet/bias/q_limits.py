"""QLimits: beyond which Q-residual an environment is an outlier of a training set.

A large Q-residual means unlike the training set, not unphysical: an unphysical environment that the training set
holds has a small one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whet.bias.principal_components import PrincipalComponents
from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np

CAUTION = "Q-residuals detect outliers of the training set, not unphysical behavior."
"""To be shown beside them."""


@dataclass(frozen=True)
class QLimits:
    """Limits of Q-residuals, in the squared unit of the features.

    by_element: ⟨Q⟩ + 2 σ(Q), mean and standard deviation of each element's Q-residuals on the training set (Wong &
    Yang). jackson_mudholkar: the limit that normally distributed features exceed with the probability 1 − confidence.
    means: ⟨Q⟩ by element.
    """

    by_element: Mapping[str, float]
    jackson_mudholkar: float
    means: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        components: PrincipalComponents,
        chunks: Iterable[tuple[np.ndarray, Sequence[str] | np.ndarray]],
        confidence: float = 0.95,
    ) -> QLimits:
        """Limits from the training set that `components` were fitted to.

        chunks: pairs of features (n, p) and the chemical symbols of the n atoms. InputError where they do not fit, or
        the confidence does not lie between 0 and 1.
        """
        moments = QMoments()
        for features, symbols in chunks:
            moments.add(components.q_residuals(features), symbols)
        return moments.limits(components, confidence)

    def over(self, q: np.ndarray, symbols: Sequence[str] | np.ndarray) -> np.ndarray:
        """(n,) Q over the element's limit; infinite for an element that the training set lacks.

        InputError where symbols do not fit.
        """
        import numpy as np

        limits = self._of_each(symbols, len(q))
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.where(limits > 0, q / limits, np.where(q > 0, np.inf, 0.0))
        return np.where(np.isneginf(limits), np.inf, found)

    def beyond_element(self, q: np.ndarray, symbols: Sequence[str] | np.ndarray) -> np.ndarray:
        """(n,) bool: beyond the element's limit. An element that the training set lacks always is."""
        import numpy as np

        return np.asarray(q) > self._of_each(symbols, len(q))

    def _of_each(self, symbols: Sequence[str] | np.ndarray, number: int) -> np.ndarray:
        import numpy as np

        limits = np.array([self.by_element.get(symbol, -math.inf) for symbol in np.asarray(symbols).tolist()])
        if len(limits) != number:
            raise InputError(f"{len(limits)} symbols do not fit {number} Q-residuals")
        return limits

    def beyond_jackson_mudholkar(self, q: np.ndarray) -> np.ndarray:
        """(n,) bool: beyond the Jackson–Mudholkar limit."""
        import numpy as np

        return np.asarray(q) > self.jackson_mudholkar


@dataclass
class QMoments:
    """Number, mean and sum of squared deviations of Q-residuals, (3,) by element: what limits are made of."""

    by_element: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, q: np.ndarray, symbols: Sequence[str] | np.ndarray) -> None:
        """Those of (n,) more environments, by the update of Chan, Golub & LeVeque. InputError where they do not fit."""
        import numpy as np

        elements = np.asarray(symbols)
        if len(elements) != len(q):
            raise InputError(f"{len(elements)} symbols do not fit features of {len(q)} atoms")
        for symbol in set(elements.tolist()):
            own = q[elements == symbol]
            number, mean, squares = self.by_element.get(symbol, np.zeros(3))
            total, apart = number + len(own), own.mean() - mean
            squares += np.square(own - own.mean()).sum() + apart**2 * number * len(own) / total
            self.by_element[symbol] = np.array([total, mean + apart * len(own) / total, squares])

    def limits(self, components: PrincipalComponents, confidence: float) -> QLimits:
        """Of the training set that `components` were fitted to, once all of it was added."""
        found = {symbol: self.by_element[symbol].tolist() for symbol in sorted(self.by_element)}
        by_element = {symbol: mean + 2 * math.sqrt(squares / n) for symbol, (n, mean, squares) in found.items()}
        means = {symbol: mean for symbol, (_, mean, _) in found.items()}
        return QLimits(by_element, jackson_mudholkar(components.residual_sums, confidence), means)


def jackson_mudholkar(residual_sums: tuple[float, float, float], confidence: float) -> float:
    """The limit of Q from θᵢ = Σλⁱ (i = 1, 2, 3) over the variances that the components do not keep.

    Jackson & Mudholkar, Technometrics 21 (1979) 341: Q = θ₁ [1 + z h √(2θ₂)/θ₁ + θ₂ h (h − 1)/θ₁²]^(1/h) with
    h = 1 − 2θ₁θ₃/(3θ₂²). Their sign rule for h < 0 is in the unsquared h of the second term, and h -> 0 is taken as
    the limit. Where the bracket is not positive, as it can be for very uneven λ, the limit is that of g χ²(ν) with the
    same mean and variance (Box, 1954). Zero where nothing is left over.
    InputError where the confidence does not lie between 0 and 1.
    """
    from scipy.stats import chi2, norm

    if not 0 < confidence < 1:
        raise InputError(f"the confidence {confidence} does not lie between 0 and 1")
    first, second, third = residual_sums
    if first <= 0 or second <= 0:
        return 0.0
    h = 1 - 2 * first * third / (3 * second**2)
    inner = float(norm.ppf(confidence)) * math.sqrt(2 * second) / first + second * (h - 1) / first**2
    if abs(h) < 1e-8:
        return first * math.exp(inner)
    if 1 + h * inner <= 0:
        return second / first * float(chi2.ppf(confidence, first**2 / second))
    return first * math.exp(math.log1p(h * inner) / h)
