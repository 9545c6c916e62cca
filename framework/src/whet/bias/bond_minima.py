"""BondMinima: by how much a potential displaces the minima of bonds, and how stiff its bonds are, from forces."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.bond_forces import bond_forces
from whet.bias.jackknife import Jackknife
from whet.bias.pairs import Comparison
from whet.bias.resampling import by_unit
from whet.contracts.findings import LEAST_UNITS, Interval
from whet.data.errors import FrameError
from whet.data.topology import BondTopology

if TYPE_CHECKING:
    import numpy as np

TOLERANCE = 0.005
"""Å; a smaller displacement is no fault worth a verdict. Good density functionals differ by about so much in one bond
(and by 0.01 Å from experiment), and a bond of 30 eV/Å² that is so displaced pulls with 0.15 eV/Å. Tight binding and
other approximate references err by more than that themselves."""

LEVEL = 0.95


@dataclass(frozen=True)
class BondMinimum:
    """One kind of bond of a potential beside the reference, over all its bonds and frames.

    displacement: Å, by which the minimum is displaced; positive where the potential wants the bond longer. interval:
    95 % for all kinds of the potential together. length: Å, mean over the frames, whoever sampled them. stiffness:
    eV/Å², of the reference. stiffness_ratio: potential to reference, with its interval (95 % for all together).
    bonds: lengths that were seen. units: independent units that have them; below four there are no intervals. None
    where the lengths do not vary, or where a force along the bond does not fall with the length.
    """

    displacement: float | None
    interval: Interval
    length: float
    stiffness: float | None
    stiffness_ratio: float | None
    stiffness_ratio_interval: Interval
    bonds: int
    units: int

    @property
    def displaced(self) -> bool:
        """Whether it is displaced by more than 0.005 Å, and the interval excludes 0."""
        if self.displacement is None or self.interval is None:
            return False
        return abs(self.displacement) > TOLERANCE and not self.interval[0] <= 0 <= self.interval[1]

    @property
    def in_place(self) -> bool:
        """Whether the interval lies within 0.005 Å of the reference's minimum."""
        return self.interval is not None and max(map(abs, self.interval)) <= TOLERANCE

    @property
    def is_open(self) -> bool:
        """Whether it may well be displaced: by more than 0.005 Å, but with 0 in the interval."""
        return self.interval is not None and not self.displaced and abs(self.displacement or 0.0) > TOLERANCE

    @property
    def reading(self) -> str:
        """`longer`, `shorter`, `within 0.005 Å`, `undecided` or `no minimum`.

        Within: the displacement is, and its interval lies within 0.010 Å, as a curvature is read as `not soft`. An
        interval that excludes 0 is even to both sides and so never reaches further. It is no proof as `in_place` is.
        """
        if self.displacement is None:
            return "no minimum"
        if self.displaced:
            return "longer" if self.displacement > 0 else "shorter"
        is_near = self.interval is not None and max(map(abs, self.interval)) <= 2 * TOLERANCE
        return "within 0.005 Å" if is_near and not self.is_open else "undecided"


@dataclass(frozen=True)
class BondMinima:
    """kinds: name (as `BondTopology` has it) -> its minimum. networks: kinds of bonds that join an atom to its own
    images, whose minima forces do not tell: the stress does. refused: why single frames were left out."""

    kinds: Mapping[str, BondMinimum]
    networks: frozenset[str] = frozenset()
    refused: tuple[str, ...] = ()


def bond_minima(comparison: Comparison) -> BondMinima:
    """The displaced minima of the bonds of molecules, from forces of reference and potential on the same frames.

    The force q along a bond (`bond_forces`) is fitted by a line, q = −K (r − r₀), for the reference and for the
    potential on the same lengths. The displacement is the difference of the two r₀, ⟨q_p⟩/K_p − ⟨q_f⟩/K_f. Where K
    hardly changes between the two minima, it does not depend on who sampled the frames: a potential of harmonic bonds
    that are displaced comes out exactly on frames of the reference, of the potential, and on rattled ones. A bond that
    is anharmonic (Morse, of the width 1/a) and displaced by δ comes out about 1.5 a δ too short on the reference's
    frames and too long on the potential's: 6 % of a C–O bond displaced by 0.02 Å (a = 2 Å⁻¹).

    Intervals: from leaving out one unit at a time (jackknife) and Student's t, at a level that holds for all kinds
    with four units or more together (Bonferroni): percentiles of so few units cannot be as rare as that asks for.
    """
    sums: dict[str, list[tuple[int, np.ndarray]]] = {}
    networks: frozenset[str] = frozenset()
    starts = (comparison.n_atoms.cumsum() - comparison.n_atoms).tolist()
    topologies, refused = _topologies(comparison)
    for place, topology in topologies.items():
        frame = comparison.frames[place]
        own = slice(starts[place], starts[place] + len(frame))
        found = bond_forces(frame, [comparison.reference.forces[own], comparison.predicted.forces[own]], topology)
        networks |= found.networks
        for kind in set(found.kinds.tolist()):
            chosen = found.kinds == kind
            row = _sums(found.lengths[chosen], *found.along[:, chosen])
            sums.setdefault(kind, []).append((int(comparison.units[place]), row))
    units = {kind: len({unit for unit, _ in rows}) for kind, rows in sums.items()}
    together = sum(number >= LEAST_UNITS for number in units.values())
    made = {kind: _minimum(sums[kind], 1 - (1 - LEVEL) / max(together, 1)) for kind in sorted(sums)}
    return BondMinima(made, networks, tuple(refused))


def _topologies(comparison: Comparison) -> tuple[dict[int, BondTopology], list[str]]:
    """The bonds of each frame, by its place, and why some have none.

    They are the pairs that are bonded in most frames of a unit with the same atoms: a stretched bond stays one, and a
    passing neighbor is none. A frame that shares less than half of them has its own: its atoms have another order.
    """
    own: dict[int, BondTopology] = {}
    refused: list[str] = []
    alike: dict[tuple[int, bytes], list[int]] = {}
    for place, frame in enumerate(comparison.frames):
        try:
            own[place] = BondTopology.of(frame)
        except FrameError as error:
            refused.append(f"frame {comparison.indices[place]}: {error.what}")
        else:
            alike.setdefault((int(comparison.units[place]), frame.numbers.tobytes()), []).append(place)
    found: dict[int, BondTopology] = {}
    for places in alike.values():
        pairs = {place: set(map(tuple, own[place].pairs.tolist())) for place in places}
        often = Counter(pair for some in pairs.values() for pair in some)
        usual = {pair for pair, times in often.items() if 2 * times > len(places)}
        for place in places:
            shared = 2 * len(pairs[place] & usual) >= max(len(usual), 1)
            frame = comparison.frames[place]
            found[place] = BondTopology.joining(frame, _sorted(usual)) if shared else own[place]
    return found, refused


def _sorted(pairs: set[tuple[int, ...]]) -> np.ndarray:
    import numpy as np

    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


ORIGIN = 1.0
"""Å; lengths are summed from here, so that squares do not drown in rounding."""


def _sums(lengths: np.ndarray, reference: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """(7,): of 1, x, x², f, x f, p, x p, where x is the length from an origin."""
    import numpy as np

    x = lengths - ORIGIN
    terms = (np.ones_like(x), x, x * x, reference, x * reference, predicted, x * predicted)
    return np.array([term.sum() for term in terms])


def _minimum(frames: list[tuple[int, np.ndarray]], level: float) -> BondMinimum:
    import numpy as np

    rows = by_unit(np.stack([row for _, row in frames]), np.array([unit for unit, _ in frames]))
    total = rows.sum(axis=0, keepdims=True)
    displacement, ratio = Jackknife.of(rows, _displacement), Jackknife.of(rows, _ratio)
    return BondMinimum(
        displacement=_finite(displacement.value),
        interval=displacement.interval(level),
        length=float(total[0, 1] / total[0, 0]) + ORIGIN,
        stiffness=_finite(float(_stiffness(total, 3)[0])),
        stiffness_ratio=_finite(ratio.value),
        stiffness_ratio_interval=ratio.interval(level),
        bonds=round(total[0, 0]),
        units=len(rows),
    )


def _stiffness(sums: np.ndarray, column: int) -> np.ndarray:
    """K (m,) of the line through the forces of that column; NaN where it is not positive, or no line is defined."""
    import numpy as np

    count, x, xx = sums[:, :3].T
    spread = count * xx - x * x
    with np.errstate(all="ignore"):
        found = -(count * sums[:, column + 1] - x * sums[:, column]) / spread
    return np.where((spread > 1e-12 * count**2) & (found > 0), found, np.nan)


def _displacement(sums: np.ndarray) -> np.ndarray:
    reference, predicted = _stiffness(sums, 3), _stiffness(sums, 5)
    return sums[:, 5] / sums[:, 0] / predicted - sums[:, 3] / sums[:, 0] / reference


def _ratio(sums: np.ndarray) -> np.ndarray:
    return _stiffness(sums, 5) / _stiffness(sums, 3)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
