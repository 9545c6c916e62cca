"""Where softness sits: by element, by what frames are called, and by magnitude of the force.

One exploded frame moves these slopes: take the `discounted_frames` of a Softening out before (`Comparison.without`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.curvature import Curvature
from whet.bias.force_sizes import force_sizes
from whet.bias.pairs import Comparison
from whet.bias.resampling import Resampling
from whet.bias.softening import Slopes, slopes_of
from whet.contracts.findings import Interval
from whet.data.errors import InputError

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
class MagnitudeBin:
    """Softening scale of the atoms whose reference force is in [low, high) eV/Å; the last bin includes its end.

    There is no inverse slope: choosing atoms by their reference force would bias it.

    middle: median of their reference forces, eV/Å; the last bin is as wide as the largest force is far.
    """

    low: float
    middle: float
    high: float
    scale: float | None
    scale_interval: Interval
    atoms: int


def softening_by_magnitude(
    comparison: Comparison,
    number: int = 5,
    resampling: Resampling | None = None,
) -> tuple[MagnitudeBin, ...]:
    """The scale by magnitude of the reference force on the atom; bins without atoms are left out.

    number: how many bins of equally many atoms. InputError where it is none.
    """
    import numpy as np

    borders, place = force_sizes(comparison, number)
    size = np.linalg.norm(comparison.reference.forces, axis=1)
    bins = []
    for this, (low, high) in enumerate(borders):
        inside = place == this
        if inside.any():
            found = slopes_of(comparison, resampling or Resampling(), inside)
            middle = float(np.median(size[inside]))
            bins.append(MagnitudeBin(low, middle, high, found.scale, found.scale_interval, int(inside.sum())))
    return tuple(bins)
