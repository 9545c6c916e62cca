"""hotelling_limit: beyond which T² an environment lies far inside the space of the components."""

from __future__ import annotations

from whet.data.errors import InputError


def hotelling_limit(count: int, components: int, confidence: float = 0.95) -> float:
    """The T² that a new environment exceeds with the probability 1 − confidence, were all normal and independent.

    k (n² − 1)/(n (n − k)) F(confidence; k, n − k) for n environments and k components (Hotelling, in: Techniques of
    Statistical Analysis, 1947; Tracy, Young & Mason, J. Qual. Technol. 24, 88 (1992)). Environments of several elements
    are not normal, and those of one trajectory not independent: hold what exceeds it against held-out trajectories.
    Infinite for fewer environments than components. InputError where the confidence does not lie between 0 and 1.
    """
    from scipy.stats import f

    if not 0 < confidence < 1:
        raise InputError(f"the confidence {confidence} does not lie between 0 and 1")
    if count <= components:
        return float("inf")
    factor = components * (count**2 - 1) / (count * (count - components))
    return float(factor * f.ppf(confidence, components, count - components))
