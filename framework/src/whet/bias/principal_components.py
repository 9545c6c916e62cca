"""PrincipalComponents: one exact principal component analysis of descriptors that never lie in memory together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.feature_sums import FeatureSums, checked_features
from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """Principal components of per-atom features (p of them).

    | field           | shape  | content                                                               |
    |-----------------|--------|-----------------------------------------------------------------------|
    | mean            | (p,)   | μ of eq. 4 of Wong & Yang                                             |
    | axes            | (k, p) | Wᵀ: orthonormal rows, each with its largest entry positive            |
    | variances       | (k,)   | variance along each axis, falling                                     |
    | total_variance  | scalar | trace of the covariance                                               |
    | residual_sums   | (3,)   | Σλ, Σλ², Σλ³ over the variances that are not kept                     |
    """

    mean: np.ndarray
    axes: np.ndarray
    variances: np.ndarray
    total_variance: float
    residual_sums: tuple[float, float, float]

    @classmethod
    def fit(cls, chunks: Iterable[np.ndarray], components: int = 5) -> PrincipalComponents:
        """Fits all chunks, (n, p) each, in one pass; memory: some (p, p) matrices and one chunk.

        InputError for chunks of different or wrong shapes, numbers that are not finite, fewer than two environments, or
        more components than features.
        """
        return cls.of_sums(FeatureSums.of(chunks), components)

    @classmethod
    def of_sums(cls, sums: FeatureSums, components: int = 5) -> PrincipalComponents:
        """Of the covariance (divisor n − 1) of features that were summed.

        InputError for fewer than two environments, or more components than features.
        """
        import numpy as np
        from scipy.linalg import eigh

        count, size = sums.count, len(sums.mean)
        if count < 2:
            raise InputError(f"{count} environments are too few for principal components", hint="Give at least 2")
        if not 1 <= components <= size:
            raise InputError(f"{components} components cannot be had from {size} features")
        covariance = sums.scatter / (count - 1)
        variances, vectors = eigh(covariance, subset_by_index=[size - components, size - 1])
        variances, axes = np.maximum(variances[::-1], 0.0), vectors[:, ::-1].T
        axes = axes * np.sign(axes[np.arange(components), np.abs(axes).argmax(axis=1)])[:, None]
        # Taken out first: as differences of large sums, the small ones would be lost in rounding.
        rest = covariance - (axes.T * variances) @ axes
        square = rest @ rest
        trace = float(np.trace(covariance))
        residual_sums = (
            max(float(np.trace(rest)), 0.0),
            float(np.trace(square)),
            max(float((square * rest).sum()), 0.0),
        )
        if residual_sums[0] <= 1e-12 * trace:
            residual_sums = (0.0, 0.0, 0.0)
        return cls(sums.mean, axes, variances, trace, residual_sums)

    @property
    def explained(self) -> tuple[float, ...]:
        """The share of the total variance along each axis; zeros where nothing varies."""
        if self.total_variance <= 0:
            return (0.0,) * len(self.variances)
        return tuple((self.variances / self.total_variance).tolist())

    def project(self, features: np.ndarray) -> np.ndarray:
        """Z = (X − μ)W: (n, p) -> (n, k). InputError where the features are others."""
        return (checked_features(features, len(self.mean)) - self.mean) @ self.axes.T

    def q_residuals(self, features: np.ndarray) -> np.ndarray:
        """Q_i = Σ_j (X_ij − X̂_ij)² with X̂ = ZWᵀ + μ: (n, p) -> (n,), the feature's unit squared.

        Wong & Yang, eqs. 4–7. Eq. 6 as printed would be negative; the square is meant.
        """
        import numpy as np

        centered = checked_features(features, len(self.mean)) - self.mean
        return np.square(centered - (centered @ self.axes.T) @ self.axes).sum(axis=1)
