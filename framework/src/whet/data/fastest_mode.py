"""period_of: how long the fastest vibration of some elements takes, by which runs are judged long enough."""

from __future__ import annotations

import math

PERIODS = 10
"""Periods of the fastest mode that a run must last."""

STRETCH_OF_HYDROGEN = 10.0
"""fs; an X–H bond at 3300 cm⁻¹."""

STIFFNESS = 1.0
"""eV/Å²; of a soft bond between neighbors in a salt or a metal. A covalent one is up to thirty times stiffer, and so up
to five times faster: the period is rather too long than too short."""


def period_of(symbols: set[str]) -> float:
    """The period of the fastest mode of these elements, fs; rather too long than too short.

    10 fs with hydrogen, the only element whose bonds to all others are about that fast. Else 2π √(μ/k), μ the reduced
    mass of the two lightest elements (of one, half its mass) and k that of a soft bond: LiCl has 154 fs (its fastest
    phonon: 80 fs), aluminium 235 fs (103 fs). Atoms that only touch (argon) are slower than that.
    """
    from ase.data import atomic_masses, atomic_numbers
    from ase.units import fs

    if "H" in symbols:
        return STRETCH_OF_HYDROGEN
    masses = sorted(float(atomic_masses[atomic_numbers[symbol]]) for symbol in symbols)
    light, next_one = masses[0], masses[min(1, len(masses) - 1)]
    reduced = light * next_one / (light + next_one)
    return 2 * math.pi * math.sqrt(reduced / STIFFNESS) / fs
