"""FeatureSums: count, mean and scatter of features, merged from chunk to chunk and taken apart again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class FeatureSums:
    """What the covariance of per-atom features (p of them) is made of.

    count: environments. mean: (p,). scatter: (p, p), the sum over environments of the outer products of what is left
    after the mean is taken away; in the unit of the features squared.
    """

    count: int
    mean: np.ndarray
    scatter: np.ndarray

    @classmethod
    def of(cls, chunks: Iterable[np.ndarray]) -> FeatureSums:
        """Of all chunks, (n, p) each, in one pass; memory: some (p, p) matrices and one chunk.

        By the exact update of Chan, Golub & LeVeque (1983). InputError for chunks of different or wrong shapes, and
        numbers that are not finite.
        """
        import numpy as np

        count, mean, scatter = 0, np.zeros(0), np.zeros((0, 0))
        for chunk in chunks:
            features = checked_features(chunk, len(mean) if count else None)
            if not len(features):
                continue
            own = features.mean(axis=0)
            centered = features - own
            if count == 0:
                count, mean, scatter = len(features), own, centered.T @ centered
                continue
            apart, total = own - mean, count + len(features)
            scatter += centered.T @ centered
            scatter += np.outer(apart, apart) * (count * len(features) / total)
            mean = mean + apart * (len(features) / total)
            count = total
        return cls(count, mean, scatter)

    @property
    def trace(self) -> float:
        """Of the scatter."""
        return float(self.scatter.trace())

    def without(self, part: FeatureSums) -> FeatureSums:
        """What is left where a part of the environments is taken away: the same update backwards.

        Rounding is relative to the whole, not to what is left: where the part holds nearly all of the scatter, sum the
        rest anew. InputError where the part is not smaller than the whole.
        """
        import numpy as np

        left = self.count - part.count
        if left < 1:
            raise InputError(f"{part.count} of {self.count} environments cannot be taken away: none would be left")
        mean = self.mean + (self.mean - part.mean) * (part.count / left)
        apart = part.mean - mean
        scatter = self.scatter - part.scatter
        scatter -= np.outer(apart, apart) * (left * part.count / self.count)
        return FeatureSums(left, mean, scatter)


def checked_features(features: np.ndarray, size: int | None) -> np.ndarray:
    """The features as (n, p) float64. InputError for a wrong shape or numbers that are not finite."""
    import numpy as np

    array = np.asarray(features, dtype=np.float64)
    if array.ndim != 2 or (size is not None and array.shape[1] != size):
        wanted = "(n, p)" if size is None else f"(n, {size})"
        raise InputError(
            f"features have the shape {array.shape}, not {wanted}",
            hint="Describe all sets with one descriptor and one list of elements",
        )
    if not np.isfinite(array).all():
        raise InputError("features are not finite (NaN or infinite)", hint="Look for atoms that lie on each other")
    return array
