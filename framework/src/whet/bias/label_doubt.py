"""label_doubt: labels that cannot be what they are taken for: forces in another unit, or of the other sign."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whet.data.units import FORCE_UNITS

if TYPE_CHECKING:
    from whet.bias.softening import Slopes

ALIKE = 0.7
"""Uncentred R² from which on predictions follow the labels, up to a factor."""

SOFTEST, STIFFEST = 0.25, 4.0
"""No potential that follows its labels is known to be softer, or stiffer."""

SAME = 1e-9
"""1 − R², below which predictions are the labels themselves, in single precision or written with few digits."""

NEAR = 2.0
"""How far a factor may be from that of a unit: potentials are soft as well."""


def label_doubt(slopes: Slopes) -> str:
    """Why the labels are doubtful, a clause; empty where nothing says so.

    Predictions that follow the labels closely, with a factor that no potential has but a unit has, or with the other
    sign.
    """
    s, r2 = slopes.scale, slopes.r2
    if s is None or r2 is None or r2 < ALIKE or s == 0:
        return ""
    if s < 0:
        return "the labels have the sign of gradients, and forces have the other"
    if SOFTEST <= s <= STIFFEST:
        return ""
    off = {unit: abs(math.log(s / factor)) for unit, factor in FORCE_UNITS.items()}
    nearest = min(off, key=lambda unit: off[unit])
    return f"the forces of the labels may be in {nearest}, not in eV/Å" if off[nearest] <= math.log(NEAR) else ""


def are_own_answers(slopes: Slopes) -> bool:
    """Whether predictions are the labels, as those of a potential that made them itself, or of one without an error."""
    s, r2 = slopes.scale, slopes.r2
    return s is not None and r2 is not None and 1 - r2 < SAME and abs(s - 1) < SAME**0.5
