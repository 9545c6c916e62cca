"""QLimits: beyond which Q-residual an environment is an outlier of a training set.

A large Q-residual means unlike the training set, not unphysical: an unphysical environment that the training set
holds has a small one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    """

    by_element: Mapping[str, float]
    jackson_mudholkar: float

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
        import numpy as np

        found: dict[str, list[np.ndarray]] = {}
        for features, symbols in chunks:
            q = components.q_residuals(features)
            elements = np.asarray(symbols)
            if len(elements) != len(q):
                raise InputError(f"{len(elements)} symbols do not fit features of {len(q)} atoms")
            for symbol in set(elements.tolist()):
                found.setdefault(symbol, []).append(q[elements == symbol])
        every = {symbol: np.concatenate(parts) for symbol, parts in sorted(found.items())}
        by_element = {symbol: float(q.mean() + 2 * q.std()) for symbol, q in every.items()}
        return cls(by_element, jackson_mudholkar(components.residual_sums, confidence))

    def beyond_element(self, q: np.ndarray, symbols: Sequence[str] | np.ndarray) -> np.ndarray:
        """(n,) bool: beyond the element's limit. An element that the training set lacks always is."""
        import numpy as np

        limits = np.array([self.by_element.get(symbol, -math.inf) for symbol in np.asarray(symbols).tolist()])
        if len(limits) != len(q):
            raise InputError(f"{len(limits)} symbols do not fit {len(q)} Q-residuals")
        return np.asarray(q) > limits

    def beyond_jackson_mudholkar(self, q: np.ndarray) -> np.ndarray:
        """(n,) bool: beyond the Jackson–Mudholkar limit."""
        import numpy as np

        return np.asarray(q) > self.jackson_mudholkar


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
