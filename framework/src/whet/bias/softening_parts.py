"""Where softness sits: by element, by what frames are called, by frame, and by magnitude of the force.

One exploded frame moves these slopes: take the `discounted_frames` of a Softening out before (`Comparison.without`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from whet.bias.curvature import Curvature
from whet.bias.pairs import Comparison
from whet.bias.resampling import Resampling, interval_json
from whet.bias.softening import Slopes, slopes_of
from whet.contracts.findings import Interval
from whet.data.errors import InputError
from whet.data.identity import JSON

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Part:
    """Slopes of a part of a comparison, and the curvature that they say."""

    slopes: Slopes
    curvature: Curvature


def softening_by_element(comparison: Comparison, resampling: Resampling | None = None) -> dict[str, Part]:
    """Over the atoms of each element. The integration by parts holds for the components of some atoms too."""
    draws = resampling or Resampling()
    return {symbol: _part(comparison, draws, comparison.symbols == symbol) for symbol in comparison.elements}


def softening_by_name(
    comparison: Comparison, names: Sequence[str], resampling: Resampling | None = None
) -> dict[str, Part]:
    """Over the frames of each name (material, config type, sampler), (n_frames,), in alphabetical order of names.

    InputError where there are not as many names as frames.
    """
    if len(names) != len(comparison):
        raise InputError(f"{len(names)} names were given for {len(comparison)} frames")
    draws = resampling or Resampling()
    places = {name: [place for place, one in enumerate(names) if one == name] for name in sorted(set(names))}
    return {name: _part(comparison.take(own), draws) for name, own in places.items()}


def _part(comparison: Comparison, draws: Resampling, atoms: np.ndarray | None = None) -> Part:
    slopes = slopes_of(comparison, draws, atoms)
    return Part(slopes, Curvature.of(slopes, comparison.sampler, comparison.units_of))


@dataclass(frozen=True)
class FrameScale:
    """Softening scale of one frame, without unit; None where its reference forces are all zero."""

    index: int
    scale: float | None
    r2: float | None

    def as_json(self) -> dict[str, JSON]:
        """`index`, `scale` and `r2` (numbers without unit, or null)."""
        return {"index": self.index, "scale": self.scale, "r2": self.r2}


def softening_by_frame(comparison: Comparison) -> tuple[FrameScale, ...]:
    """The scale of each frame, in the comparison's order."""
    import numpy as np

    f, p = comparison.reference.forces, comparison.predicted.forces
    rows = comparison.sum_by_frame(np.stack([p * f, f * f, p * p], axis=2).sum(axis=1))
    return tuple(
        FrameScale(index, pf / ff if ff > 0 else None, pf**2 / (ff * pp) if ff * pp > 0 else None)
        for index, (pf, ff, pp) in zip(comparison.indices, rows.tolist(), strict=True)
    )


@dataclass(frozen=True)
class MagnitudeBin:
    """Softening scale of the atoms whose reference force is in [low, high) eV/Å; the last bin includes its end.

    There is no inverse slope: choosing atoms by their reference force would bias it.
    """

    low: float
    high: float
    scale: float | None
    scale_interval: Interval
    frames: int
    atoms: int

    def as_json(self) -> dict[str, JSON]:
        """`low`, `high` (eV/Å), `scale` and `scale_interval` (without unit, or null), `frames`, `atoms` (counts)."""
        return {
            "low": self.low,
            "high": self.high,
            "scale": self.scale,
            "scale_interval": interval_json(self.scale_interval),
            "frames": self.frames,
            "atoms": self.atoms,
        }


def softening_by_magnitude(
    comparison: Comparison,
    edges: int | Sequence[float] = 5,
    resampling: Resampling | None = None,
) -> tuple[MagnitudeBin, ...]:
    """The scale by magnitude of the reference force on the atom; bins without atoms are left out.

    edges: how many bins of equally many atoms, or their edges in eV/Å, rising. InputError where they do not rise.
    """
    import numpy as np

    size = np.linalg.norm(comparison.reference.forces, axis=1)
    if isinstance(edges, int):
        if edges < 1:
            raise InputError(f"{edges} bins cannot be made", hint="Give at least 1")
        borders = np.unique(np.quantile(size, np.linspace(0, 1, edges + 1)))
        borders = borders if len(borders) > 1 else np.array([borders[0], borders[0]])
    else:
        borders = np.asarray(edges, dtype=float)
        if borders.ndim != 1 or len(borders) < 2 or not np.all(np.diff(borders) > 0):
            raise InputError(f"the bin edges {list(edges)} do not rise", hint="Give at least two, in eV/Å")
    bins = []
    for place, (low, high) in enumerate(pairwise(borders.tolist())):
        last = place == len(borders) - 2
        inside = (size >= low) & ((size <= high) if last else (size < high))
        if inside.any():
            found = slopes_of(comparison, resampling or Resampling(), inside)
            bins.append(MagnitudeBin(low, high, found.scale, found.scale_interval, found.frames, int(inside.sum())))
    return tuple(bins)
