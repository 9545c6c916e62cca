"""zbl_energy: the universal repulsion of two atoms at short distance, of Ziegler, Biersack and Littmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whet.data.units import BOHR

if TYPE_CHECKING:
    import numpy as np

COULOMB = 14.3996454
"""eV Å; e²/(4πε₀)."""

TERMS = ((0.18175, 3.1998), (0.50986, 0.94229), (0.28022, 0.4029), (0.02817, 0.20162))
"""Coefficients, which add up to 1, and exponents of the universal screening function."""


def zbl_energy(first: int, second: int, distances: np.ndarray) -> np.ndarray:
    """eV; the screened repulsion of two nuclei, positive at any distance. It says nothing about bonds.

    V(r) = Z₁Z₂e²/(4πε₀r) φ(r/a)
    a = 0.88534 a₀/(Z₁^0.23 + Z₂^0.23)
    φ(x) = 0.18175 e^(−3.1998x) + 0.50986 e^(−0.94229x) + 0.28022 e^(−0.4029x) + 0.02817 e^(−0.20162x)

    first, second: atomic numbers. distances: (n,) Å. Source: Ziegler, Biersack and Littmark, The Stopping and Range of
    Ions in Solids (Pergamon, New York, 1985), the universal potential, with the digits of LAMMPS.
    """
    import numpy as np

    screened = np.asarray(distances, dtype=float) / (0.88534 * BOHR / (first**0.23 + second**0.23))
    screening = sum(share * np.exp(-rate * screened) for share, rate in TERMS)
    return np.asarray(COULOMB * first * second / np.asarray(distances, dtype=float) * screening)
