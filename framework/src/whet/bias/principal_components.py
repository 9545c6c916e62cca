"""PrincipalComponents: one exact principal component analysis of descriptors that never lie in memory together."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.feature_sums import FeatureSums, checked_features, demand_finite
from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np


LARGE = 500
"""Features from which on only the largest variances are looked for."""


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

        count, size = sums.count, len(sums.mean)
        if count < 2:
            raise InputError(f"{count} environments are too few for principal components", hint="Give at least 2")
        if not 1 <= components <= size:
            raise InputError(f"{components} components cannot be had from {size} features")
        covariance = sums.scatter / (count - 1)
        trace = float(np.trace(covariance))
        variances, vectors = _largest(covariance, components)
        variances, axes = np.maximum(variances[::-1], 0.0), vectors[:, ::-1].T
        axes = axes * np.sign(axes[np.arange(components), np.abs(axes).argmax(axis=1)])[:, None]
        # Taken out first: as differences of large sums, the small ones would be lost in rounding.
        covariance -= (axes.T * variances) @ axes
        square = covariance @ covariance.T  # the same matrix twice: BLAS computes half of it
        residual_sums = (
            max(float(np.trace(covariance)), 0.0),
            float(np.trace(square)),
            max(float(np.vdot(square, covariance)), 0.0),
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
        return self.taken_apart(features)[0]

    def q_residuals(self, features: np.ndarray) -> np.ndarray:
        """Q_i = Σ_j (X_ij − X̂_ij)² with X̂ = ZWᵀ + μ: (n, p) -> (n,), the feature's unit squared.

        Wong & Yang, eqs. 4–7. Eq. 6 as printed would be negative; the square is meant.
        """
        return self.taken_apart(features)[1]

    def taken_apart(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Z (n, k) and Q (n,) of features (n, p) at once. InputError where the features are others, or not finite."""
        import numpy as np

        rest = checked_features(features, len(self.mean)) - self.mean
        projected = rest @ self.axes.T
        rest -= projected @ self.axes
        q = np.einsum("ij,ij->i", rest, rest)
        demand_finite(q)
        return projected, q

    def t_squared(self, projected: np.ndarray) -> np.ndarray:
        """Hotelling's T²_i = Σ_k z_ik²/λ_k of projections (n, k): (n,), a pure number.

        How far inside the space of the components an environment lies from the mean, each component measured by its
        variance; Q is how far it lies from that space. Components along which nothing varies do not count.
        """
        import numpy as np

        varies = self.variances > 1e-12 * self.total_variance
        return np.square(projected[:, varies] / np.sqrt(self.variances[varies])).sum(axis=1)


def _largest(covariance: np.ndarray, components: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest eigenvalues (k,), rising, and their vectors (p, k).

    Of a large matrix by Lanczos' iterations to machine precision (ARPACK), thirty times as fast as all at once.
    """
    import numpy as np
    from scipy.linalg import eigh
    from scipy.sparse.linalg import ArpackError, eigsh

    size = len(covariance)
    if size >= LARGE and components < size // 20 and np.trace(covariance) > 0:
        start = np.random.default_rng(0).normal(size=size)  # the same numbers each time
        with suppress(ArpackError):
            variances, vectors = eigsh(covariance, components, v0=start, which="LA")
            order = np.argsort(variances)
            return variances[order], vectors[:, order]
    return eigh(covariance, subset_by_index=[size - components, size - 1])
