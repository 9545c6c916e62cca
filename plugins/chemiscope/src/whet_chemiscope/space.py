"""Space: where the points lie: principal components of their descriptors, and what these leave unexplained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whet import Descriptor, InputError

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

SMALL = 500
"""Points or features up to which the whole decomposition is as quick as its first components."""


@dataclass(frozen=True, eq=False)
class Space:
    """A point for each row.

    coordinates: (n, 2), along the first two principal components of all points; the unit is the descriptor's.
    q: (n,) Q-residual, the unit's square. explained: share of the variance of all points along the two.
    of_training: whether the components of the residual are those of the training data, instead of all points.
    """

    coordinates: np.ndarray
    q: np.ndarray
    explained: float
    of_training: bool
    components: int

    @classmethod
    def of(cls, features: np.ndarray, training: np.ndarray, components: int) -> Space:
        """features: (n, p). training: (n,) whether a point is of the training data. InputError below three points.

        Q_i = Σ_j (X_ij − X̂_ij)², X̂ being what `components` principal components tell of X (Wong & Yang, eqs. 4–7).
        """
        import numpy as np

        if len(features) < 3 or features.shape[1] < 2:
            raise InputError(f"{len(features)} points with {features.shape[1]} features are too few for a map")
        mean = features.mean(axis=0)
        axes = _axes(features - mean, 2)
        coordinates = (features - mean) @ axes.T
        total = float(np.square(features - mean).sum())
        of_training = int(training.sum()) > components
        fitted = features[training] if of_training else features
        kept = max(1, min(components, len(fitted) - 1, features.shape[1]))
        centered = features - fitted.mean(axis=0)
        basis = _axes(fitted - fitted.mean(axis=0), kept)
        q = np.square(centered - (centered @ basis.T) @ basis).sum(axis=1)
        explained = float(np.square(coordinates).sum()) / total if total > 0 else 0.0
        return cls(coordinates, q, explained, of_training, kept)


def described(descriptor: Descriptor, frames: Sequence[Atoms], atoms: Sequence[Sequence[int]] | None) -> np.ndarray:
    """Features (n, p): the mean over each frame's atoms, or those of the atoms that are named for each frame."""
    import numpy as np

    elements = sorted({symbol for frame in frames for symbol in frame.get_chemical_symbols()})
    rows = []
    for place, found in enumerate(descriptor.describe(frames, elements)):
        features = np.asarray(found, dtype=np.float64)
        rows.append(features.mean(axis=0)[None] if atoms is None else features[list(atoms[place])])
    return np.concatenate(rows)


def _axes(centered: np.ndarray, components: int) -> np.ndarray:
    """(k, p) the first principal axes of (n, p), each with its largest entry positive; the same each time."""
    import numpy as np
    from scipy.sparse.linalg import svds

    if min(centered.shape) <= max(SMALL, components):
        axes = np.linalg.svd(centered, full_matrices=False)[2][:components]
    else:
        start = np.random.default_rng(0).normal(size=min(centered.shape))
        found: Any = svds(centered, components, v0=start, tol=0)
        axes = found[2][np.argsort(-found[1])]
    return axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
