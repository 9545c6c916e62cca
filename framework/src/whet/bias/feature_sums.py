"""FeatureSums: count, mean and scatter of features, merged from chunk to chunk and taken apart again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.data.errors import InputError

if TYPE_CHECKING:
    import numpy as np

AT_ONCE = 1000
"""Environments that are added together: of more, BLAS adds each no faster."""


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
        """Of all chunks, (n, p) each, in one pass; memory: two (p, p) matrices and some chunks.

        By the exact update of Chan, Golub & LeVeque (1983). InputError for chunks of different or wrong shapes, and
        numbers that are not finite.
        """
        import numpy as np
        from scipy.linalg import get_blas_funcs

        syrk, syr = get_blas_funcs(("syrk", "syr"), dtype=np.float64)
        count, mean, upper = 0, np.zeros(0), np.zeros((0, 0))
        for rows in _in_parts(chunks):
            own = rows.mean(axis=0)
            demand_finite(own)
            rows -= own
            if count == 0:
                mean, upper = own, np.zeros((len(own), len(own)), order="F")
            apart, total = own - mean, count + len(rows)
            # BLAS fills the upper triangle of the matrix that is there already: half the work, and nothing is copied.
            upper = syrk(1.0, rows.T, beta=1.0, c=upper, overwrite_c=True)
            upper = syr(count * len(rows) / total, apart, a=upper, overwrite_a=True)
            mean = mean + apart * (len(rows) / total)
            count = total
        return cls(count, mean, _mirrored(upper))

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
    """The features as (n, p) float64. InputError for a wrong shape."""
    import numpy as np

    array = np.asarray(features, dtype=np.float64)
    if array.ndim != 2 or (size is not None and array.shape[1] != size):
        wanted = "(n, p)" if size is None else f"(n, {size})"
        raise InputError(
            f"features have the shape {array.shape}, not {wanted}",
            hint="Describe all sets with one descriptor and one list of elements",
        )
    return array


def demand_finite(sums: np.ndarray) -> None:
    """InputError where a sum over features is not finite: then one of them is not. So each need not be looked at."""
    import numpy as np

    if not np.isfinite(sums).all():
        raise InputError("features are not finite (NaN or infinite)", hint="Look for atoms that lie on each other")


def _in_parts(chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The rows of all chunks, AT_ONCE at a time, in memory that may be written to until the next ones are asked for."""
    import numpy as np

    room, filled = np.zeros((0, 0)), 0
    for number, chunk in enumerate(chunks):
        rows = checked_features(chunk, room.shape[1] if number else None)
        if not number:
            room = np.empty((AT_ONCE, rows.shape[1]))
        while len(rows):
            taken = min(len(rows), AT_ONCE - filled)
            room[filled : filled + taken] = rows[:taken]
            rows, filled = rows[taken:], filled + taken
            if filled == AT_ONCE:
                yield room
                filled = 0
    if filled:
        yield room[:filled]


def _mirrored(upper: np.ndarray) -> np.ndarray:
    """The symmetric matrix (p, p) of an upper triangle, in its memory."""
    for row in range(1, len(upper)):
        upper[row, :row] = upper[:row, row]
    return upper
