"""statistical_inefficiency: how many frames of a correlated series say as much as one that stands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def statistical_inefficiency(values: np.ndarray, means: int = 1) -> float:
    """g = 1 + 2 Σ ρ_t, at least 1 (Chodera et al., J. Chem. Theory Comput. 3, 26 (2007)).

    The larger of two estimates: the sum over the initial positive pairs of autocorrelations (Geyer, Stat. Sci. 7, 473
    (1992)), and (1 + φ)/(1 − φ) of a first-order autoregression, φ corrected for the bias that comes from subtracting
    fitted means: φ = ρ_1 + means (1 + 3 ρ_1)/n. In short series either alone is too small too often.
    values: (n,) less their means. means: how many were fitted.
    """
    import numpy as np

    count = len(values)
    size = 1 << (2 * count - 1).bit_length()
    spectrum = np.fft.rfft(values, size)
    covariance = np.fft.irfft(spectrum * spectrum.conj(), size)[:count]
    if count < 3 or covariance[0] <= 0:
        return 1.0
    rho = covariance / covariance[0]
    pairs = rho[: count // 2 * 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0)
    summed = 2 * float(pairs[: ends[0] if len(ends) else None].sum()) - 1
    first = float(rho[1])
    phi = min(max(first + means * (1 + 3 * first) / count, 0.0), 0.999)
    return max(1.0, summed, (1 + phi) / (1 - phi))
