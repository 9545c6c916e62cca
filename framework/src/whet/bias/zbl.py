"""zbl_energy: the universal repulsion of two atoms at short distance, of Ziegler, Biersack and Littmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whet.data.units import BOHR

if TYPE_CHECKING:
    import numpy as np

COULOMB = 14.3996454
"""eV Å; e²/(4πε₀)."""

TERMS = ((0.1818, 3.2), (0.5099, 0.9423), (0.2802, 0.4029), (0.02817, 0.2016))
"""Coefficients and exponents of the universal screening function."""


def zbl_energy(first: int, second: int, distances: np.ndarray) -> np.ndarray:
    """eV; the screened repulsion of two nuclei, positive at any distance. It says nothing about bonds.

    V(r) = Z₁Z₂e²/(4πε₀r) φ(r/a)
    a = 0.8854 a₀/(Z₁^0.23 + Z₂^0.23)
    φ(x) = 0.1818 e^(−3.2x) + 0.5099 e^(−0.9423x) + 0.2802 e^(−0.4029x) + 0.02817 e^(−0.2016x)

    first, second: atomic numbers. distances: (n,) Å. Source: Ziegler, Biersack and Littmark, The Stopping and Range of
    Ions in Solids (Pergamon, New York, 1985), the universal potential.
    """
    import numpy as np

    screened = np.asarray(distances, dtype=float) / (0.8854 * BOHR / (first**0.23 + second**0.23))
    screening = sum(share * np.exp(-rate * screened) for share, rate in TERMS)
    return np.asarray(COULOMB * first * second / np.asarray(distances, dtype=float) * screening)
