"""QualityTerms: the quality of Niblett et al., equation 1, of one trajectory in each ensemble."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MEMBERS = 5
"""Of the committee over which the paper averages."""


def stability_term(stable: float, horizon: float) -> float:
    """min(1, t/τ). stable: t, fs, for how long a trajectory with a moving cell was stable. horizon: τ, fs."""
    return min(1.0, stable / horizon)


def density_term(stable: float, horizon: float, divergence: float | None, among: float | None) -> float | None:
    """H(t − τ)·(1 − tanh[D_KL(P‖P_ref) − D_KL(P_ref,i‖P_ref,j)]), the bracket not below 0; H(0) = 1.

    divergence: of the trajectory's densities from those of the reference; among: of the reference's trajectories from
    each other. None where it was stable, and one of the two is not known.
    """
    if stable < horizon:
        return 0.0
    if divergence is None or among is None:
        return None
    return 1.0 - math.tanh(max(divergence - among, 0.0))


def diffusion_term(stable: float, horizon: float, own: float | None, reference: float | None) -> float | None:
    """H(t − τ)·(1 − tanh(|D − D_ref|/D_ref)), H(0) = 1. stable: fs, of a trajectory with a fixed cell. own, reference:
    diffusion coefficients over all species, in one unit. None where it was stable, and one of the two is not known."""
    if stable < horizon:
        return 0.0
    if own is None or not reference:
        return None
    return 1.0 - math.tanh(abs(own - reference) / reference)


@dataclass(frozen=True)
class QualityTerms:
    """Each between 0 and 1; None where it is not known."""

    stability: float | None
    density: float | None
    diffusion: float | None

    @property
    def quality(self) -> float | None:
        """Their sum, between 0 and 3; None where one is not known."""
        known = [one for one in (self.stability, self.density, self.diffusion) if one is not None]
        return math.fsum(known) if len(known) == 3 else None

    @classmethod
    def mean(cls, each: Sequence[QualityTerms]) -> QualityTerms:
        """Of the members of a committee; a term that one of them lacks is not known."""
        return cls(
            mean_of([one.stability for one in each]),
            mean_of([one.density for one in each]),
            mean_of([one.diffusion for one in each]),
        )


def mean_of(values: Sequence[float | None]) -> float | None:
    """None where one is not known, or there is none."""
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(values) else None
